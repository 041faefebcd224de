package dev.kvern.node.store;

/** Why an offered block was not taken. */
public enum Rejection {
    /** Its header names a size that no block may have. */
    SIZE,
    /** Its bytes do not match the header's checksum, or are more or fewer than it says. */
    CHECKSUM,
    /** There is no room for more blocks being received. */
    BUDGET,
    /** A header or field that is none, or not in its place. */
    MALFORMED,
    /** The store failed or did not answer in time. */
    UNAVAILABLE
}
