package dev.kvern.coordinator.stats;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.OptionalDouble;

/**
 * Times to first token, of requests that reused something and of those that did not, by interval. Safe for use by several threads;
 * guarded by this.
 */
public final class TtftHistory {
    private final int intervalMillis;
    private final int capacity;
    private final Deque<Interval> intervals = new ArrayDeque<>();

    /** Percentiles in milliseconds; empty where there was no request. */
    public record Percentiles(long count, OptionalDouble p50, OptionalDouble p90, OptionalDouble p99) {
        private static Percentiles of(LatencyHistogram times) {
            return new Percentiles(times.count(), times.percentile(0.5), times.percentile(0.9), times.percentile(0.99));
        }
    }

    /** @param startMillis since the epoch */
    public record Point(long startMillis, Percentiles hit, Percentiles miss) {}

    private static final class Interval {
        private final long startMillis;
        private final LatencyHistogram hit = new LatencyHistogram();
        private final LatencyHistogram miss = new LatencyHistogram();

        private Interval(long startMillis) {
            this.startMillis = startMillis;
        }

        private Point point() {
            return new Point(startMillis, Percentiles.of(hit), Percentiles.of(miss));
        }
    }

    /** @param capacity most intervals kept; those without a request take no room */
    public TtftHistory(int intervalMillis, int capacity) {
        this.intervalMillis = intervalMillis;
        this.capacity = capacity;
    }

    public int intervalMillis() {
        return intervalMillis;
    }

    /** Notes a request whose first token came at {@code atMillis}. */
    public synchronized void add(long atMillis, double ttftMillis, boolean reused) {
        long start = atMillis - Math.floorMod(atMillis, (long) intervalMillis);
        Interval last = intervals.peekLast();
        // A clock that was set back adds to the newest one.
        if (last == null || start > last.startMillis) {
            last = new Interval(start);
            intervals.addLast(last);
            if (intervals.size() > capacity) {
                intervals.removeFirst();
            }
        }
        (reused ? last.hit : last.miss).add(ttftMillis);
    }

    /** Those of the window that ends now, oldest first. */
    public synchronized List<Point> points(long nowMillis) {
        return intervals.stream()
                .filter(interval -> inWindow(interval, nowMillis))
                .map(Interval::point)
                .toList();
    }

    /** Those that a request may have been added to lately: of the last two intervals, oldest first; without those without a request. */
    public synchronized List<Point> lastTwo(long nowMillis) {
        return intervals.stream()
                .filter(interval -> interval.startMillis > nowMillis - 2L * intervalMillis)
                .map(Interval::point)
                .toList();
    }

    /** All of the window together, with the time at which it began. */
    public synchronized Point window(long nowMillis) {
        var all = new Interval(nowMillis - (long) intervalMillis * capacity);
        for (Interval interval : intervals) {
            if (inWindow(interval, nowMillis)) {
                all.hit.add(interval.hit);
                all.miss.add(interval.miss);
            }
        }
        return all.point();
    }

    private boolean inWindow(Interval interval, long nowMillis) {
        return interval.startMillis > nowMillis - (long) intervalMillis * capacity;
    }
}
