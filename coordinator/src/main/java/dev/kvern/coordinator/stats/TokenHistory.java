package dev.kvern.coordinator.stats;

import dev.kvern.v1.RunnerLoad;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;

/**
 * Tokens per interval, as far back as there is room. Safe for use by several threads; guarded by this.
 */
public final class TokenHistory {
    /**
     * What was counted within one interval.
     *
     * @param atMillis its end, since the epoch
     */
    public record Point(
            long atMillis,
            long requested,
            long local,
            long host,
            long cluster,
            long computed,
            long generated,
            long finished,
            long failed) {}

    private final int capacity;
    private final Deque<Point> points = new ArrayDeque<>();
    private RunnerLoad before = RunnerLoad.getDefaultInstance();

    public TokenHistory(int capacity) {
        this.capacity = capacity;
    }

    /** Ends an interval at which the running totals are these. */
    public synchronized Point sample(long atMillis, RunnerLoad totals) {
        var point = new Point(
                atMillis,
                totals.getRequestedTokens() - before.getRequestedTokens(),
                totals.getCachedLocalTokens() - before.getCachedLocalTokens(),
                totals.getCachedHostTokens() - before.getCachedHostTokens(),
                totals.getCachedClusterTokens() - before.getCachedClusterTokens(),
                totals.getComputedTokens() - before.getComputedTokens(),
                totals.getGeneratedTokens() - before.getGeneratedTokens(),
                totals.getFinishedRequests() - before.getFinishedRequests(),
                totals.getFailedRequests() - before.getFailedRequests());
        before = totals;
        if (points.size() == capacity) {
            points.removeFirst();
        }
        points.addLast(point);
        return point;
    }

    /** Oldest first. */
    public synchronized List<Point> points() {
        return List.copyOf(points);
    }
}
