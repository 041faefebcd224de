package dev.kvern.launcher.bench.store;

/** What {@code bench store} measures. */
enum StoreKind {
    KVERN("kvern"),
    /** The same node over its Unix socket. */
    UNIX("kvern unix"),
    REDIS("redis"),
    SOCKET("socket");

    private final String label;

    StoreKind(String label) {
        this.label = label;
    }

    /** Its name in rows and tables. */
    String label() {
        return label;
    }
}
