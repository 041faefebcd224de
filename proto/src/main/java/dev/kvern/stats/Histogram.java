package dev.kvern.stats;

import java.util.Arrays;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.DoubleStream;

/** Counts values by size, in buckets given at the start. Safe for use by several threads, without a lock. */
public final class Histogram {
    private final double[] bounds;
    private final LongAdder[] counts;
    private final DoubleAdder sum = new DoubleAdder();

    /**
     * @param bounds upper ends of the buckets, inclusive; one more takes what is above
     * @throws IllegalArgumentException if they do not ascend
     */
    public Histogram(double... bounds) {
        for (int i = 1; i < bounds.length; i++) {
            if (bounds[i] <= bounds[i - 1]) {
                throw new IllegalArgumentException(
                        "bounds: " + bounds[i] + " after " + bounds[i - 1] + " (expected: ascending)");
            }
        }
        this.bounds = bounds.clone();
        this.counts = new LongAdder[bounds.length + 1];
        Arrays.setAll(counts, i -> new LongAdder());
    }

    /** Bounds that grow by a factor. */
    public static Histogram growing(double first, double factor, int buckets) {
        return new Histogram(DoubleStream.iterate(first, bound -> bound * factor)
                .limit(buckets)
                .toArray());
    }

    /** Of seconds that calls take, from a millisecond to a minute. */
    public static Histogram latency() {
        return new Histogram(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60);
    }

    /** Counts a value. */
    public void record(double value) {
        int at = Arrays.binarySearch(bounds, value);
        counts[at >= 0 ? at : -at - 1].increment();
        sum.add(value);
    }

    /** What was counted so far. */
    public dev.kvern.v1.Histogram snapshot() {
        var snapshot = dev.kvern.v1.Histogram.newBuilder().setSum(sum.sum());
        for (double bound : bounds) {
            snapshot.addBounds(bound);
        }
        for (LongAdder count : counts) {
            snapshot.addCounts(count.sum());
        }
        return snapshot.build();
    }
}
