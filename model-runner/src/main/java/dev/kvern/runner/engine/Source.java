package dev.kvern.runner.engine;

/** Where the KV of prompt tokens came from. */
public enum Source {
    /** The runner's pool. */
    LOCAL,
    /** This machine's memory. */
    HOST,
    /** The cluster. */
    CLUSTER,
    /** The model. */
    COMPUTED,
    /** More spans than are kept apart. */
    SEVERAL
}
