package dev.kvern.cluster;

/** Waiting times that double from failure to failure, up to a limit. Confined to a thread. */
final class Backoff {
    private static final long FIRST_MILLIS = 100;
    static final long LIMIT_MILLIS = 1_000;

    private long nextMillis = FIRST_MILLIS;

    /** How long to wait after one more failure. */
    long next() {
        long wait = nextMillis;
        nextMillis = Math.min(LIMIT_MILLIS, nextMillis * 2);
        return wait;
    }

    void reset() {
        nextMillis = FIRST_MILLIS;
    }
}
