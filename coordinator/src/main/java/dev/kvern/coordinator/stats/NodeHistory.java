package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.StatsResponse;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What the cache nodes did, by interval: all of them together, and how full each was. Safe for use by several threads; guarded by
 * this.
 */
public final class NodeHistory {
    /** Most nodes whose fill is kept apart. */
    public static final int MOST_NODES = 32;

    private final int capacity;
    private final Deque<Point> points = new ArrayDeque<>();
    private Map<Incarnation, BlockCounters> before = Map.of();

    /** A node's process: a new one of the same id starts to count anew. */
    private record Incarnation(String id, long startedAtMillis) {}

    /**
     * One interval.
     *
     * @param atMillis its end, since the epoch
     * @param fill used share of each live node's region by id, 0 to 1
     * @param counted what all nodes counted in it
     */
    public record Point(long atMillis, Map<String, Double> fill, Counted counted) {}

    /** Blocks by why they left or were not taken, and payload bytes. */
    public record Counted(
            long evictedWatermark,
            long evictedGone,
            long deleted,
            long rejectedSize,
            long rejectedChecksum,
            long rejectedBudget,
            long rejectedMalformed,
            long rejectedUnavailable,
            long corrupt,
            long sentBytes,
            long receivedBytes) {
        static final Counted NOTHING = new Counted(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);

        private Counted plus(BlockCounters from, BlockCounters to) {
            return new Counted(
                    evictedWatermark + to.getEvictedBlocks() - from.getEvictedBlocks(),
                    evictedGone + to.getEvictedGoneBlocks() - from.getEvictedGoneBlocks(),
                    deleted + to.getDeletedBlocks() - from.getDeletedBlocks(),
                    rejectedSize + to.getRejectedSize() - from.getRejectedSize(),
                    rejectedChecksum + to.getRejectedChecksum() - from.getRejectedChecksum(),
                    rejectedBudget + to.getRejectedBudget() - from.getRejectedBudget(),
                    rejectedMalformed + to.getRejectedMalformed() - from.getRejectedMalformed(),
                    rejectedUnavailable + to.getRejectedUnavailable() - from.getRejectedUnavailable(),
                    corrupt + to.getCorruptBlocks() - from.getCorruptBlocks(),
                    sentBytes + to.getSentBytes() - from.getSentBytes(),
                    receivedBytes + to.getReceivedBytes() - from.getReceivedBytes());
        }
    }

    public NodeHistory(int capacity) {
        this.capacity = capacity;
    }

    /** Ends an interval at which the members are these. What a node counted before it was first seen is nobody's. */
    public synchronized Point sample(long atMillis, MemberList members) {
        var now = new HashMap<Incarnation, BlockCounters>();
        var fill = new TreeMap<String, Double>();
        Counted counted = Counted.NOTHING;
        for (MemberStatus member : members.sorted()) {
            if (member.isRunner() || !member.load().hasNode()) {
                continue;
            }
            StatsResponse node = member.node();
            var incarnation = new Incarnation(member.id(), member.member().getStartedAtMillis());
            now.put(incarnation, node.getCounters());
            BlockCounters last = before.get(incarnation);
            if (last != null) {
                counted = counted.plus(last, node.getCounters());
            }
            boolean down = member.member().getState() == MemberState.MEMBER_STATE_DOWN;
            if (!down && node.getCapacityBytes() > 0 && fill.size() < MOST_NODES) {
                fill.put(member.id(), (double) node.getUsedBytes() / node.getCapacityBytes());
            }
        }
        before = now;
        var point = new Point(atMillis, Map.copyOf(fill), counted);
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
