package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.lang.ref.WeakReference;
import java.util.ArrayList;
import java.util.List;
import java.util.ListIterator;
import java.util.Map;
import java.util.Optional;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.DoubleConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
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
 * <p>Uses are in the order of time, not of news: other nodes tell theirs late, each at a time of its own, and by the order in which
 * that is heard what was stored last at one node would count as older than all that another has just told.
 *
 * <p>A node holds only part of a chain, and knows only a block's own parent. Where a gap lies between two blocks of a chain,
 * order of use is all there is: of one use, the deeper block counts as the older.
 *
 * <p>Costs some 105 bytes of heap a block, and as much for a parent that is not held. Safe for use by several threads; guarded
 * by this.
 */
public final class ChainLru implements EvictionPolicy, HeldKeys {
    /** Places looked at while the lock is held once: a few milliseconds, for which reads wait. */
    private static final int PLACES_OF_A_PAGE = 1 << 12;

    private static final double TICKS_PER_SECOND = 16;
    private static final double NANOS_PER_TICK = 1e9 / TICKS_PER_SECOND;

    private final LongSupplier nanoTime;
    private final long startedAt;
    private final DoubleConsumer reuseGapSeconds;

    /** Few, as blocks share them, and gone with the last block that has them. */
    private final Map<BlockLabels, WeakReference<BlockLabels>> labels = new WeakHashMap<>();

    private final ChainTable table = new ChainTable();
    private final LeafHeap leaves = new LeafHeap();

    /** Nanoseconds since the start, or the last use if that is later: so uses that come one after the other are in that order. */
    private long clock;

    private int held;

    public ChainLru() {
        this(System::nanoTime, gap -> {});
    }

    /** @param reuseGapSeconds told at each use of a block here for how long it had not been used; must not block */
    public ChainLru(LongSupplier nanoTime, DoubleConsumer reuseGapSeconds) {
        this.nanoTime = nanoTime;
        this.startedAt = nanoTime.getAsLong();
        this.reuseGapSeconds = reuseGapSeconds;
    }

    @Override
    public synchronized void held(BlockKey key, Optional<BlockKey> parent, int bytes, BlockLabels blockLabels) {
        ChainNode node = table.findOrAdd(key);
        node.bytes = bytes;
        node.lastUse = advance(1);
        node.usedAt = ticks();
        node.labels = shared(blockLabels);
        if (!node.held) {
            node.held = true;
            node.heldAt = node.usedAt;
            held++;
            parent.ifPresent(of -> link(node, table.findOrAdd(of)));
        }
        place(node);
    }

    /** A time for each of several uses now: the one that is returned, and those before it. */
    private long advance(int uses) {
        clock = Math.max(clock + uses, nanoTime.getAsLong() - startedAt);
        return clock;
    }

    /** Sixteenths of a second since the start: enough for four years. */
    private int ticks() {
        return ticksAgo(0);
    }

    private int ticksAgo(long nanos) {
        return (int) ((nanoTime.getAsLong() - startedAt - nanos) / NANOS_PER_TICK);
    }

    private BlockLabels shared(BlockLabels of) {
        if (of.equals(BlockLabels.NONE)) {
            return BlockLabels.NONE;
        }
        WeakReference<BlockLabels> known = labels.get(of);
        BlockLabels there = known == null ? null : known.get();
        if (there == null) {
            there = of;
            labels.put(of, new WeakReference<>(of));
        }
        return there;
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
        node.labels = BlockLabels.NONE;
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
    public synchronized void used(List<BlockKey> run, long agoNanos) {
        long last = advance(run.size()) - agoNanos;
        int at = ticksAgo(agoNanos);
        long behind = Long.MIN_VALUE;
        // From the end, as a later use of a block is one of all before it, too.
        for (ListIterator<BlockKey> keys = run.listIterator(run.size()); keys.hasPrevious(); ) {
            int place = keys.previousIndex();
            ChainNode node = table.find(keys.previous());
            if (node != null && node.held) {
                node.lastUse = Math.max(Math.max(node.lastUse, last - place), behind + 1);
                node.usedAt = Math.max(node.usedAt, at);
                behind = node.lastUse;
                place(node);
            }
        }
        clock = Math.max(clock, behind);
    }

    @Override
    public synchronized void usedHere(BlockKey key) {
        ChainNode node = table.find(key);
        if (node != null && node.held) {
            reuseGapSeconds.accept((ticks() - node.usedAt) / TICKS_PER_SECOND);
            used(List.of(key));
        }
    }

    @Override
    public synchronized Page matching(Predicate<BlockLabels> wanted, int from, int limit) {
        var keys = new ArrayList<BlockKey>();
        int to = (int) Math.min(table.places(), (long) from + PLACES_OF_A_PAGE);
        int place = from;
        while (place < to && keys.size() < limit) {
            for (ChainNode node = table.first(place); node != null; node = node.next) {
                if (node.held && wanted.test(node.labels)) {
                    keys.add(node.key());
                }
            }
            place++;
        }
        return new Page(keys, place < table.places() ? place : -1);
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
        var victim = new Victim(
                node.key(),
                parent == null ? Optional.empty() : Optional.of(parent.key()),
                node.bytes,
                node.labels,
                (ticks() - node.heldAt) / TICKS_PER_SECOND);
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
