package dev.kvern.runner.kv;

import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The complete blocks by name, as a forest of prefixes, and the order in which they may go: the least recently used leaf
 * first. A block outlives its children, because without it they could not be reached. Guarded by the pool.
 */
final class PrefixCache {
    /** In order of arrival, so that a parent comes before its children. */
    private final Map<BlockName, CompleteBlock> blocks = new LinkedHashMap<>();

    /** Blocks without pins and without children. */
    private final TreeSet<CompleteBlock> leaves = new TreeSet<>(Comparator.comparingLong(b -> b.lastUse));

    private long tick;
    private int unpinned;

    @Nullable
    CompleteBlock find(BlockName name) {
        return blocks.get(name);
    }

    /** Parents before children. */
    Collection<CompleteBlock> all() {
        return Collections.unmodifiableCollection(blocks.values());
    }

    /** Blocks nobody holds. */
    int unpinned() {
        return unpinned;
    }

    /** Adds a block with one pin. */
    CompleteBlock add(BlockName name, @Nullable CompleteBlock parent, int index) {
        var block = new CompleteBlock(name, parent, index);
        block.pins = 1;
        if (blocks.putIfAbsent(name, block) != null) {
            throw new IllegalStateException("block " + name + " is there already");
        }
        if (parent != null) {
            leaves.remove(parent);
            parent.children++;
        }
        return block;
    }

    void pin(CompleteBlock block) {
        if (block.pins++ == 0) {
            leaves.remove(block);
            unpinned--;
        }
    }

    void unpin(CompleteBlock block) {
        if (--block.pins == 0) {
            block.lastUse = ++tick;
            unpinned++;
            if (block.children == 0) {
                leaves.add(block);
            }
        }
    }

    /** Takes out the block that may go first; null if every leaf is pinned. */
    @Nullable
    CompleteBlock evict() {
        CompleteBlock block = leaves.pollFirst();
        if (block == null) {
            return null;
        }
        blocks.remove(block.name);
        unpinned--;
        CompleteBlock parent = block.parent;
        if (parent != null && --parent.children == 0 && parent.pins == 0) {
            leaves.add(parent);
        }
        return block;
    }
}
