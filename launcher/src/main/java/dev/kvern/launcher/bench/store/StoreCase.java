package dev.kvern.launcher.bench.store;

/** Values of one size over so many connections at once. */
record StoreCase(int valueBytes, int connections) {
    /** How tables and rows call an operation on it. */
    String subject(Operation operation) {
        String size = valueBytes < 1 << 20 ? (valueBytes >> 10) + " KiB" : (valueBytes >> 20) + " MiB";
        return operation + " " + size + ", " + connections + (connections == 1 ? " connection" : " connections");
    }

    /** What is timed. */
    enum Operation {
        GET,
        PUT
    }
}
