package dev.kvern.launcher.bench;

import java.util.Arrays;
import java.util.stream.Stream;

/** How long operations took; never changed. */
public final class Latencies {
    private static final double NANOS_PER_MILLI = 1e6;

    private final long[] sorted;

    private Latencies(long[] sorted) {
        this.sorted = sorted;
    }

    /** @param nanos of one operation each, in any order */
    public static Latencies of(Stream<long[]> nanos) {
        return new Latencies(nanos.flatMapToLong(Arrays::stream).sorted().toArray());
    }

    public int count() {
        return sorted.length;
    }

    /** The smallest of them that so many of a hundred do not exceed, in milliseconds; 0 if there is none. */
    public double percentileMillis(int percent) {
        int rank = (int) Math.ceil(sorted.length * percent / 100.0);
        return sorted.length == 0 ? 0 : sorted[Math.max(0, rank - 1)] / NANOS_PER_MILLI;
    }

    /** A row with percentiles as figures. */
    public BenchRow addTo(BenchRow row, Iterable<Integer> percents) {
        BenchRow with = row;
        for (int percent : percents) {
            with = with.with(figure(percent), percentileMillis(percent));
        }
        return with;
    }

    /** What {@link #addTo} calls one. */
    public static String figure(int percent) {
        return "p" + percent + "_ms";
    }
}
