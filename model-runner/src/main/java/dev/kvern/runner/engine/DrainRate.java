package dev.kvern.runner.engine;

/**
 * How fast a queue drains, as lately observed, for telling a refused caller when to come again. Safe for use by several
 * threads; guarded by this.
 */
final class DrainRate {
    static final long UNKNOWN_MILLIS = 1_000;
    private static final long LEAST_MILLIS = 50;
    private static final long MOST_MILLIS = 60_000;
    private static final double NEWEST_SHARE = 0.2;

    /** A share of the queue that should be free by the time the refused ones come again. */
    private static final int SHARE = 8;

    private double nanosPerPlace;
    private long since;
    private boolean waiting;

    /**
     * Requests left the queue.
     *
     * @param count how many, at least 1
     * @param left how many still wait
     */
    synchronized void left(long now, int count, int left) {
        if (waiting) {
            double took = (double) (now - since) / count;
            nanosPerPlace = nanosPerPlace == 0 ? took : nanosPerPlace + NEWEST_SHARE * (took - nanosPerPlace);
        }
        // The time without anyone waiting says nothing of how fast places become free.
        waiting = left > 0;
        since = now;
    }

    /** A request joined the queue. */
    synchronized void joined(long now) {
        if (!waiting) {
            waiting = true;
            since = now;
        }
    }

    /** When an eighth of a queue of this length will have drained; longer if it stands still. */
    synchronized long retryAfterMillis(long now, int queued) {
        double each = waiting ? Math.max(nanosPerPlace, now - since) : nanosPerPlace;
        if (nanosPerPlace == 0) {
            return UNKNOWN_MILLIS;
        }
        double millis = each * Math.max(1, queued / SHARE) / 1e6;
        return (long) Math.max(LEAST_MILLIS, Math.min(MOST_MILLIS, Math.ceil(millis)));
    }
}
