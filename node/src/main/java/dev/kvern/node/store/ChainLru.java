package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * Evicts the least recently used block, but a chain from its end: a block without those before it is of no use. A use of a
 * block is one of all blocks before it.
 *
 * <p>So a block's rank is the last use of it or of any block behind it. The lowest rank is always found at a block with no
 * child (its ancestors rank as high or higher), so that only such leaves are kept in order, in a heap; and a rank need not be
 * passed up at each use, which would take a step for each ancestor: a leaf that goes passes its own to its parent, which only
 * then may become a leaf. Every call takes O(log n), except for a block that comes after its children: then its ancestors are
 * looked through, as headers are not to be trusted and blocks in a circle would have no leaf.
 *
 * <p>A node holds only part of a chain, and knows only a block's own parent. Where a gap lies between two blocks of a chain,
 * order of use is all there is: of one use, the deeper block counts as the older.
 *
 * <p>Costs some 90 bytes of heap a block, and as much for a parent that is not held. Safe for use by several threads; guarded
 * by this.
 */
public final class ChainLru implements EvictionPolicy {
    private final ChainTable table = new ChainTable();
    private final LeafHeap leaves = new LeafHeap();
    private long clock;
    private int held;

    @Override
    public synchronized void held(BlockKey key, Optional<BlockKey> parent, int bytes) {
        ChainNode node = table.findOrAdd(key);
        node.bytes = bytes;
        node.lastUse = ++clock;
        if (!node.held) {
            node.held = true;
            held++;
            parent.ifPresent(of -> link(node, table.findOrAdd(of)));
        }
        place(node);
    }

    private void link(ChainNode node, ChainNode parent) {
        if (node.children > 0 || node == parent) {
            for (ChainNode above = parent; above != null; above = above.parent) {
                if (above == node) {
                    dropIfNotNeeded(parent);
                    return;
                }
            }
        }
        node.parent = parent;
        parent.children++;
        place(parent);
    }

    @Override
    public synchronized void gone(BlockKey key) {
        ChainNode node = table.find(key);
        if (node != null && node.held) {
            remove(node);
        }
    }

    private void remove(ChainNode node) {
        node.held = false;
        held--;
        place(node);
        ChainNode parent = node.parent;
        node.parent = null;
        if (parent != null) {
            parent.children--;
            parent.lastUse = Math.max(parent.lastUse, node.lastUse);
            place(parent);
            dropIfNotNeeded(parent);
        }
        dropIfNotNeeded(node);
    }

    @Override
    public synchronized void used(List<BlockKey> run) {
        clock += run.size();
        long use = clock;
        for (BlockKey key : run) {
            ChainNode node = table.find(key);
            if (node != null && node.held) {
                node.lastUse = use;
                place(node);
            }
            use--;
        }
    }

    @Override
    public synchronized Lease lease(BlockKey key) {
        ChainNode node = table.find(key);
        if (node == null || !node.held) {
            return Lease.NONE;
        }
        node.leases++;
        place(node);
        var open = new AtomicBoolean(true);
        return () -> {
            if (open.compareAndSet(true, false)) {
                release(node);
            }
        };
    }

    private synchronized void release(ChainNode node) {
        node.leases--;
        place(node);
        dropIfNotNeeded(node);
    }

    @Override
    public synchronized Optional<Victim> takeVictim() {
        ChainNode node = leaves.first();
        if (node == null) {
            return Optional.empty();
        }
        ChainNode parent = node.parent;
        var victim = new Victim(node.key(), parent == null ? Optional.empty() : Optional.of(parent.key()), node.bytes);
        remove(node);
        return Optional.of(victim);
    }

    @Override
    public synchronized boolean holds(BlockKey key) {
        ChainNode node = table.find(key);
        return node != null && node.held;
    }

    @Override
    public synchronized int size() {
        return held;
    }

    /** Blocks known, held or named as a parent. */
    synchronized int known() {
        return table.size();
    }

    /** Puts a node where it now belongs: among the leaves, in the order of use, or not. */
    private void place(ChainNode node) {
        boolean in = node.heapIndex != ChainNode.NOT_IN_HEAP;
        if (in && node.evictable()) {
            leaves.moved(node);
        } else if (in) {
            leaves.remove(node);
        } else if (node.evictable()) {
            leaves.add(node);
        }
    }

    private void dropIfNotNeeded(@Nullable ChainNode node) {
        if (node != null && !node.needed()) {
            table.remove(node);
        }
    }
}
