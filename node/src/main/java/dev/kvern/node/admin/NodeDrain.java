package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.node.ignite.GroupMetrics;
import dev.kvern.node.ignite.IgniteBlockStorage;
import dev.kvern.node.ignite.PartitionHolders;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.DrainResponse;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.apache.ignite.Ignite;
import org.apache.ignite.cache.affinity.Affinity;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Moves what this node holds to the others, by leaving it out of those that hold partitions ({@link PartitionHolders}): Ignite then
 * rebalances, as it does when nodes come. Waits until no copy is missing elsewhere, or at least nothing would be lost when the
 * deadline passes. One at a time; guarded by this, apart from the end of the process, which one under way is told of.
 */
final class NodeDrain {
    private static final Logger log = LoggerFactory.getLogger(NodeDrain.class);
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
    private static final long ASK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final int PAGE = 4_096;

    /** Longer than Ignite takes to assign partitions anew once it has moved them. */
    private static final long STUCK_NANOS = TimeUnit.SECONDS.toNanos(3);

    private final Ignite ignite;
    private final PartitionHolders holders;
    private final GroupMetrics metrics;
    private final HeldKeys held;
    private final BlockStorage storage;
    private final NodeRoom room;
    private final int backups;
    private final LongSupplier nanoTime;

    /** When the process ends, whatever has been handed over by then; null while it is to stay. */
    private volatile @Nullable Long endNanos;

    /** Since when all blocks lie elsewhere, too; null if they do not. Guarded by this. */
    private @Nullable Long elsewhereSince;

    NodeDrain(
            Ignite ignite,
            PartitionHolders holders,
            GroupMetrics metrics,
            HeldKeys held,
            BlockStorage storage,
            NodeRoom room,
            int backups,
            LongSupplier nanoTime) {
        this.ignite = ignite;
        this.holders = holders;
        this.metrics = metrics;
        this.held = held;
        this.storage = storage;
        this.room = room;
        this.backups = backups;
        this.nanoTime = nanoTime;
    }

    /**
     * Drains; blocks until that is done or the deadline has passed, by seconds more if other nodes do not answer.
     *
     * @return with {@code drained} set the node's process is to end now
     * @throws KvernException MISCONFIGURED if there is nobody who could take the blocks
     */
    synchronized DrainResponse drain(long deadlineMillis) {
        long begun = nanoTime.getAsLong();
        long deadline = begun + TimeUnit.MILLISECONDS.toNanos(deadlineMillis);
        long blocks = blocks();
        List<ClusterNode> others = holders.others();
        if (others.isEmpty() && blocks > 0) {
            throw KvernException.misconfigured(
                    "drain",
                    "no other node for " + blocks + " blocks",
                    "another node that is not being drained; SIGTERM leaves without it");
        }
        Map<String, NodeRoom.Room> before = room.of(others);
        long onlyCopies = onlyCopies();
        var response = DrainResponse.newBuilder()
                .setBlocks(blocks)
                .setOnlyCopies(onlyCopies)
                .setBlocksWithoutRoom(withoutRoom(others, before, blocks, onlyCopies));
        log.info("draining: {} blocks, {} of them without another copy", blocks, onlyCopies);
        boolean drained = others.isEmpty();
        boolean ended = false;
        try {
            drained = drained || handOver(deadline);
            long left = drained ? 0 : onlyCopies();
            // Copies are missing elsewhere, but each block has one.
            drained |= left == 0 && onlyPartitions().isEmpty();
            if (blocks > 0 && holders.isAlone()) {
                // What the others have by now would go with them.
                log.info("all other nodes stop or are being drained, too: staying");
                drained = false;
            }
            ended = drained;
            response.setOnlyCopiesLeft(left);
        } finally {
            if (!ended && endNanos == null) {
                holders.stay();
            }
        }
        long took = TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - begun);
        log.info("{} after {} ms", drained ? "drained" : "not drained, staying,", took);
        return response.setDrained(drained)
                .setEvictedElsewhere(evicted(before, room.of(others)))
                .setTookMillis(took)
                .build();
    }

    /**
     * The same before the process ends, which it does whatever comes of this: with nobody to take the blocks, as when all nodes are
     * told to stop, there is nothing to wait for. A drain under way ends by then, too.
     *
     * @param limitMillis longest time that it may take
     */
    void beforeTheEnd(long limitMillis) {
        long end = nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(limitMillis);
        endNanos = end;
        holders.stop();
        synchronized (this) {
            long begun = nanoTime.getAsLong();
            long blocks = blocks();
            log.info("told to stop, handing over {} blocks for at most {} ms", blocks, limitMillis);
            boolean drained = handOver(end);
            long left = drained ? 0 : onlyCopies();
            long took = TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - begun);
            if (left > 0) {
                log.warn("leaving after {} ms, {} blocks that have no other copy are lost: {}", took, left, missing());
            } else {
                log.info("leaving after {} ms, no block is lost", took);
            }
        }
    }

    /** Until all is handed over, which it says by true, the time is over, or there is nobody to take it. */
    private boolean handOver(long deadline) {
        long asked = nanoTime.getAsLong() - ASK_NANOS;
        elsewhereSince = null;
        while (nanoTime.getAsLong() - deadline < 0) {
            if (Thread.currentThread().isInterrupted()) {
                throw new KvernException(
                        ErrorReason.UNAVAILABLE, "drain: the node is stopping (expected: a node that is up)");
            }
            if (nanoTime.getAsLong() - asked >= ASK_NANOS) {
                asked = nanoTime.getAsLong();
                Long end = endNanos;
                // A process that ends waits for those that are only being drained: they stay once they hear of it.
                if (end == null ? holders.isAlone() : asked - end >= 0 || holders.isLast()) {
                    return false;
                }
            }
            holders.leave();
            if (handedOver()) {
                return true;
            }
            LockSupport.parkNanos(LOOK_NANOS);
        }
        return false;
    }

    private long blocks() {
        var usage = storage.usage();
        return usage.primaryBlocks() + usage.backupBlocks();
    }

    /**
     * Whether this node holds nothing that others should have, and nobody lacks a copy. Partitions of which a lost node had the only
     * copy can keep Ignite from assigning any to others, for good: then it is enough that all that there is lies elsewhere.
     */
    private boolean handedOver() {
        if (holders.holding()
                || metrics.number("ClusterMovingPartitionsCount") != 0
                || !onlyPartitions().isEmpty()) {
            elsewhereSince = null;
            return false;
        }
        if (affinity().allPartitions(ignite.cluster().localNode()).length == 0) {
            return true;
        }
        long now = nanoTime.getAsLong();
        Long since = elsewhereSince;
        if (since == null) {
            elsewhereSince = now;
            return false;
        }
        return now - since >= STUCK_NANOS;
    }

    /** Why it is not all handed over, for people. */
    private String missing() {
        return (holders.holding() ? "counted among those that hold partitions, " : "")
                + affinity().allPartitions(ignite.cluster().localNode()).length + " partitions assigned here, "
                + metrics.number("ClusterMovingPartitionsCount") + " moving, "
                + onlyPartitions().size()
                + " of which only this node has a whole copy";
    }

    private Affinity<String> affinity() {
        return ignite.affinity(IgniteBlockStorage.CACHE);
    }

    /** Partitions of which only this node has a whole copy. */
    private Set<Integer> onlyPartitions() {
        String self = ignite.cluster().localNode().id().toString();
        var only = new HashSet<Integer>();
        for (Map.Entry<Integer, Collection<String>> each : metrics.owners().entrySet()) {
            if (each.getValue().size() == 1 && each.getValue().contains(self)) {
                only.add(each.getKey());
            }
        }
        return only;
    }

    private long onlyCopies() {
        Set<Integer> only = onlyPartitions();
        Affinity<String> affinity = affinity();
        long count = 0;
        int from = only.isEmpty() ? -1 : 0;
        while (from >= 0) {
            HeldKeys.Page page = held.matching(labels -> true, from, PAGE);
            for (BlockKey key : page.keys()) {
                if (only.contains(affinity.partition(key.toHex()))) {
                    count++;
                }
            }
            from = page.next();
        }
        return count;
    }

    private long withoutRoom(List<ClusterNode> others, Map<String, NodeRoom.Room> rooms, long blocks, long onlyCopies) {
        if (blocks == 0) {
            return 0;
        }
        double blockBytes = (double) storage.usage().usedBytes() / blocks;
        // With fewer nodes than copies wanted, those that stay have theirs already.
        long moving = others.size() > backups ? blocks : onlyCopies;
        long free = rooms.values().stream().mapToLong(NodeRoom.Room::freeBytes).sum();
        return Math.max(0, moving - (long) (free / blockBytes));
    }

    private static long evicted(Map<String, NodeRoom.Room> before, Map<String, NodeRoom.Room> after) {
        long evicted = 0;
        for (Map.Entry<String, NodeRoom.Room> each : after.entrySet()) {
            NodeRoom.Room then = before.get(each.getKey());
            evicted += then == null ? 0 : each.getValue().evictedBlocks() - then.evictedBlocks();
        }
        return evicted;
    }
}
