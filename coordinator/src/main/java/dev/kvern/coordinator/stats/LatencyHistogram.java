package dev.kvern.coordinator.stats;

import java.util.OptionalDouble;

/**
 * How often durations fell where, in buckets that grow by a tenth: a percentile is off by a twentieth at most. 0.1 ms to about
 * an hour; what is outside counts as the nearest. Not safe for use by several threads.
 */
final class LatencyHistogram {
    private static final int BUCKETS = 184;
    private static final double FIRST_MILLIS = 0.1;
    private static final double GROWTH = 1.1;
    private static final double LOG_GROWTH = Math.log(GROWTH);

    private final int[] counts = new int[BUCKETS];
    private long count;

    void add(double millis) {
        int bucket = (int) Math.floor(Math.log(Math.max(FIRST_MILLIS, millis) / FIRST_MILLIS) / LOG_GROWTH);
        counts[Math.min(BUCKETS - 1, bucket)]++;
        count++;
    }

    void add(LatencyHistogram other) {
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] += other.counts[i];
        }
        count += other.count;
    }

    long count() {
        return count;
    }

    /** The smallest duration that {@code share} of all do not exceed, in milliseconds; empty if there are none. */
    OptionalDouble percentile(double share) {
        if (count == 0) {
            return OptionalDouble.empty();
        }
        long rank = Math.max(1, (long) Math.ceil(share * count));
        long seen = 0;
        int bucket = -1;
        while (seen < rank) {
            bucket++;
            seen += counts[bucket];
        }
        // The middle, by ratio, of the bucket.
        return OptionalDouble.of(FIRST_MILLIS * Math.pow(GROWTH, bucket + 0.5));
    }
}
