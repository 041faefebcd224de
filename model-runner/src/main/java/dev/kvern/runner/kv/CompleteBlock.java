package dev.kvern.runner.kv;

import org.jspecify.annotations.Nullable;

/** A complete block's place in the prefix tree. Guarded by the pool. */
final class CompleteBlock {
    final BlockName name;
    final @Nullable CompleteBlock parent;
    final int index;

    /** Blocks before it in its chain. */
    final int depth;

    /** Open pins; at 0 the block is cached. */
    int pins;

    /** Complete blocks whose parent this is. */
    int children;

    /** The cache's tick when the last pin was closed: unique, so that it orders blocks. */
    long lastUse;

    CompleteBlock(BlockName name, @Nullable CompleteBlock parent, int index) {
        this.name = name;
        this.parent = parent;
        this.index = index;
        this.depth = parent == null ? 0 : parent.depth + 1;
    }
}
