package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.util.List;
import java.util.function.Predicate;

/** Which blocks this node holds, told from memory. Safe for use by several threads. */
public interface HeldKeys {
    /**
     * Some of the keys that were asked for.
     *
     * @param next where to go on; negative: those were the last
     */
    record Page(List<BlockKey> keys, int next) {
        public Page {
            keys = List.copyOf(keys);
        }
    }

    /** Whether the block is held here. */
    boolean holds(BlockKey key);

    /**
     * Keys held here, some at a time. What comes and goes meanwhile may be missed, or be told twice.
     *
     * @param wanted of a block's labels
     * @param from 0 at the start, then {@link Page#next}
     * @param limit about how many, from 1
     */
    Page matching(Predicate<BlockLabels> wanted, int from, int limit);
}
