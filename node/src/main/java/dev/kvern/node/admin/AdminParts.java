package dev.kvern.node.admin;

import dev.kvern.node.ignite.GroupMetrics;
import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.ignite.PartitionHolders;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.HeldKeys;
import dev.kvern.node.store.StoreCounters;
import org.apache.ignite.Ignite;

/** What the admin service passes messages to, at this node, where it also answers those of the other nodes. Immutable. */
public final class AdminParts {
    private final BlockPlaces places;
    private final BlockDeletion deletion;
    private final NodeDrain drain;
    private final RebalanceFigures rebalance;

    /**
     * @param held what this node holds
     * @param evictFromBytes bytes used from which this node evicts
     * @param backups copies of each block on other nodes
     */
    public AdminParts(
            Ignite ignite,
            BlockOwners owners,
            NodeMessages messages,
            PartitionHolders holders,
            GroupMetrics metrics,
            HeldKeys held,
            BlockStorage storage,
            StoreCounters counters,
            long evictFromBytes,
            int backups) {
        var local = new LocalDeletion(held, storage, counters, key -> !owners.isForeign(key));
        messages.serve(LocalDeletion.NAME, local::answer);
        places = new BlockPlaces(owners, messages, held);
        deletion = new BlockDeletion(messages);
        rebalance = new RebalanceFigures(metrics, holders, messages, System::currentTimeMillis);
        drain = new NodeDrain(
                ignite,
                holders,
                metrics,
                held,
                storage,
                new NodeRoom(messages, storage, counters, evictFromBytes),
                backups,
                System::nanoTime);
    }

    /**
     * Hands this node's blocks to the others, before its process ends whatever comes of it. Blocks.
     *
     * @param limitMillis longest time that it may take
     */
    public void drainBeforeTheEnd(long limitMillis) {
        drain.beforeTheEnd(limitMillis);
    }

    BlockPlaces places() {
        return places;
    }

    BlockDeletion deletion() {
        return deletion;
    }

    NodeDrain drain() {
        return drain;
    }

    RebalanceFigures rebalance() {
        return rebalance;
    }
}
