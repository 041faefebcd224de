package dev.kvern.launcher.bench.store;

/** Values of one size over so many connections at once. */
record StoreCase(int valueBytes, int connections) {
    /** How tables and rows call an operation on it. */
    String subject(Operation operation) {
        String size = valueBytes < 1 << 20 ? (valueBytes >> 10) + " KiB" : (valueBytes >> 20) + " MiB";
        return operation + " " + size + ", " + connections + (connections == 1 ? " connection" : " connections");
    }

    /** What is timed, in the order in which it is done. */
    enum Operation {
        PUT("PUT"),
        /** Each value for the first time since it was written. */
        GET("GET"),
        /** Some of them over and over, after they were read again once. */
        GET_AGAIN("GET again");

        private final String label;

        Operation(String label) {
            this.label = label;
        }

        @Override
        public String toString() {
            return label;
        }
    }
}
