package dev.kvern.runner.kv;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Who holds which of a fixed number of KV blocks. It owns every transition of a block's life (see {@link HeldBlock}) and
 * knows nothing of the bytes. Bounded: when nothing is free, cached blocks go, the least recently used leaf of the
 * prefix tree first; when nothing is cached either, {@link #acquire} says so.
 *
 * <p>Safe for use by several threads; everything is guarded by this.
 */
public final class BlockPool {
    private final int blocks;
    private final FreeBlocks free;
    private final PrefixCache cache = new PrefixCache();
    private final List<KvEventListener> listeners = new ArrayList<>();

    /** Hears of runs of {@link #evictionUnit} blocks before they go; null if nobody does. */
    private @Nullable EvictionListener evictionListener;

    private int evictionUnit = 1;

    /** @param blocks how many there are, at least 1 */
    public BlockPool(int blocks) {
        if (blocks < 1) {
            throw new IllegalArgumentException("blocks: " + blocks + " (expected: at least 1)");
        }
        this.blocks = blocks;
        this.free = new FreeBlocks(blocks);
    }

    /** Blocks there are. */
    public int capacity() {
        return blocks;
    }

    /** Adds a listener for what happens from now on. */
    public synchronized void listen(KvEventListener listener) {
        listeners.add(listener);
    }

    /** Takes a listener away: it hears nothing of what happens after this. */
    public synchronized void unlisten(KvEventListener listener) {
        listeners.remove(listener);
    }

    /**
     * Tells {@code listener}, from now on, of each run of {@code unit} blocks of a chain before the first of them is used
     * again. Runs begin at multiples of {@code unit}.
     */
    public synchronized void onEviction(int unit, EvictionListener listener) {
        evictionUnit = unit;
        evictionListener = listener;
    }

    /**
     * Tells {@code target} all that the pool holds, parents before children, while nothing else happens: what its listeners
     * hear afterwards continues from there.
     */
    public synchronized void replay(KvEventListener target) {
        target.cleared();
        var run = new ArrayList<BlockDigest>();
        CompleteBlock first = null;
        CompleteBlock last = null;
        for (CompleteBlock block : cache.all()) {
            if (first != null && block.parent != last) {
                target.stored(first.name.namespace(), parentDigest(first), List.copyOf(run));
                first = null;
            }
            if (first == null) {
                run.clear();
                first = block;
            }
            run.add(block.name.digest());
            last = block;
        }
        if (first != null) {
            target.stored(first.name.namespace(), parentDigest(first), List.copyOf(run));
        }
    }

    /**
     * Takes blocks to write, evicting cached ones if needed.
     *
     * @return {@code count} blocks, or empty if there are not as many: then none is taken
     */
    public synchronized Optional<List<WritableBlock>> acquire(int count) {
        return acquire(count, -1);
    }

    /**
     * The same for a sequence that goes on.
     *
     * @param after its last block, next to which the new ones come if they are free; -1 for none
     */
    public synchronized Optional<List<WritableBlock>> acquire(int count, int after) {
        if (free.count() + cache.unpinned() < count) {
            return Optional.empty();
        }
        if (!evictUntil(count)) {
            return Optional.empty();
        }
        var taken = new ArrayList<WritableBlock>(count);
        for (int index : free.take(count, after)) {
            taken.add(new WritableBlock(this, index));
        }
        return Optional.of(taken);
    }

    /**
     * Makes written blocks complete and visible. Where a block of the same name is there already, that one is pinned and
     * the given one becomes free: equal names, equal values.
     *
     * @param parent the block before the first one, {@link BlockChain#root} at a chain's start
     * @param digests names of {@code blocks} in chain order
     * @param blocks taken over
     * @return pins of the blocks to use from now on; empty, with nothing taken over, if the parent is not complete here:
     *     nobody could reach them
     */
    public synchronized Optional<List<PinnedBlock>> publish(
            NamespaceId namespace, BlockDigest parent, List<BlockDigest> digests, List<WritableBlock> blocks) {
        if (digests.size() != blocks.size() || blocks.isEmpty()) {
            throw new IllegalArgumentException(
                    blocks.size() + " blocks (expected: as many as digests, " + digests.size() + ", at least 1)");
        }
        for (WritableBlock block : blocks) {
            requireHeld(block.held);
        }
        CompleteBlock before = null;
        if (!parent.equals(BlockChain.root())) {
            before = cache.find(new BlockName(namespace, parent));
            if (before == null) {
                return Optional.empty();
            }
        }
        var pins = new ArrayList<PinnedBlock>(blocks.size());
        var stored = new ArrayList<BlockDigest>();
        BlockDigest storedParent = parent;
        for (int i = 0; i < blocks.size(); i++) {
            var name = new BlockName(namespace, digests.get(i));
            CompleteBlock known = cache.find(name);
            WritableBlock block = blocks.get(i);
            block.held = false;
            if (known != null) {
                cache.pin(known);
                free.add(block.index());
            } else {
                known = cache.add(name, before, block.index());
                if (stored.isEmpty()) {
                    storedParent = i == 0 ? parent : digests.get(i - 1);
                }
                stored.add(name.digest());
            }
            before = known;
            pins.add(new PinnedBlock(this, known));
        }
        // Whatever was there is a prefix of the blocks: a block is never there without its parent.
        if (!stored.isEmpty()) {
            for (KvEventListener listener : listeners) {
                listener.stored(namespace, storedParent, List.copyOf(stored));
            }
        }
        return Optional.of(pins);
    }

    /**
     * Pins the longest run of leading blocks that are complete here.
     *
     * @param digests a chain from its start
     * @param unit the run's length is a multiple of this many blocks
     */
    public synchronized List<PinnedBlock> pinLongestPrefix(NamespaceId namespace, List<BlockDigest> digests, int unit) {
        var run = new ArrayList<CompleteBlock>();
        for (BlockDigest digest : digests) {
            CompleteBlock block = cache.find(new BlockName(namespace, digest));
            if (block == null) {
                break;
            }
            run.add(block);
        }
        return pinAll(run.subList(0, run.size() / unit * unit));
    }

    /** Pins all of the blocks, or none if one is not complete here. */
    public synchronized Optional<List<PinnedBlock>> pinAll(NamespaceId namespace, List<BlockDigest> digests) {
        var found = new ArrayList<CompleteBlock>();
        for (BlockDigest digest : digests) {
            CompleteBlock block = cache.find(new BlockName(namespace, digest));
            if (block == null) {
                return Optional.empty();
            }
            found.add(block);
        }
        return Optional.of(pinAll(found));
    }

    /** Blocks by state. */
    public synchronized PoolUsage usage() {
        return new PoolUsage(blocks, cache.unpinned(), blocks - free.count() - cache.unpinned());
    }

    synchronized void release(WritableBlock block) {
        if (block.held) {
            block.held = false;
            free.add(block.index());
        }
    }

    synchronized PinnedBlock pinAgain(PinnedBlock pin) {
        requireHeld(pin.held);
        cache.pin(pin.block);
        return new PinnedBlock(this, pin.block);
    }

    synchronized void unpin(PinnedBlock pin) {
        if (pin.held) {
            pin.held = false;
            cache.unpin(pin.block);
        }
    }

    private List<PinnedBlock> pinAll(List<CompleteBlock> blocks) {
        var pins = new ArrayList<PinnedBlock>(blocks.size());
        for (CompleteBlock block : blocks) {
            cache.pin(block);
            pins.add(new PinnedBlock(this, block));
        }
        return pins;
    }

    /** Frees cached blocks until {@code count} are free; false if pinned leaves stand before those that could go. */
    private boolean evictUntil(int count) {
        Map<NamespaceId, List<BlockDigest>> removed = free.count() < count ? new LinkedHashMap<>() : Map.of();
        boolean enough = true;
        while (free.count() < count) {
            CompleteBlock block = cache.evict();
            if (block == null) {
                enough = false;
                break;
            }
            tellEviction(block);
            free.add(block.index);
            removed.computeIfAbsent(block.name.namespace(), n -> new ArrayList<>())
                    .add(block.name.digest());
        }
        removed.forEach((namespace, digests) -> {
            for (KvEventListener listener : listeners) {
                listener.removed(namespace, List.copyOf(digests));
            }
        });
        return enough;
    }

    /** Leaves go first, so that a run's earlier blocks are all there when its last one goes. */
    private void tellEviction(CompleteBlock last) {
        EvictionListener listener = evictionListener;
        if (listener == null || (last.depth + 1) % evictionUnit != 0) {
            return;
        }
        int[] places = new int[evictionUnit];
        CompleteBlock block = last;
        for (int i = evictionUnit - 1; i >= 0 && block != null; i--) {
            places[i] = block.index;
            block = block.parent;
        }
        listener.evicting(
                last.name.namespace(),
                block == null ? Optional.empty() : Optional.of(block.name.digest()),
                last.name.digest(),
                places);
    }

    private static void requireHeld(boolean held) {
        if (!held) {
            throw new IllegalStateException("the block was given back");
        }
    }

    private static BlockDigest parentDigest(CompleteBlock block) {
        return block.parent == null ? BlockChain.root() : block.parent.name.digest();
    }

    /** Checks every count against every other; for tests. */
    synchronized void checkInvariants() {
        Map<Integer, String> owners = new HashMap<>();
        for (int block = 0; block < blocks; block++) {
            if (free.contains(block)) {
                claim(owners, block, "free");
            }
        }
        var children = new HashMap<CompleteBlock, Integer>();
        int unpinned = 0;
        for (CompleteBlock block : cache.all()) {
            claim(owners, block.index, "complete");
            unpinned += block.pins == 0 ? 1 : 0;
            CompleteBlock parent = block.parent;
            if (parent != null) {
                children.merge(parent, 1, Integer::sum);
                if (cache.find(parent.name) != parent) {
                    throw new IllegalStateException("parent of " + block.name + " is gone");
                }
            }
        }
        for (CompleteBlock block : cache.all()) {
            if (block.children != children.getOrDefault(block, 0) || block.pins < 0) {
                throw new IllegalStateException("counts of " + block.name);
            }
        }
        if (unpinned != cache.unpinned()) {
            throw new IllegalStateException("unpinned " + cache.unpinned() + " (expected: " + unpinned + ")");
        }
    }

    private static void claim(Map<Integer, String> owners, int index, String owner) {
        @Nullable String other = owners.put(index, owner);
        if (other != null) {
            throw new IllegalStateException("block " + index + " is " + owner + " and " + other);
        }
    }
}
