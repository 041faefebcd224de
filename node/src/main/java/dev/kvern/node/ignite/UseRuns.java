package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Uses of single blocks, put together to runs: a block joins the run in which its parent was used, so that in each run parents
 * stand before their children. Safe for use by several threads; guarded by this.
 */
final class UseRuns {
    /** Keys between two takes; beyond it uses are not told: the order is then a little less true. */
    static final int MAX_KEYS = 16_384;

    /**
     * One use of several blocks.
     *
     * @param keys parents first
     * @param nanos when it was, or its last part
     */
    record Use(List<BlockKey> keys, long nanos) {}

    /** Compared by identity: its keys change. */
    private static final class Run {
        private final List<BlockKey> keys = new ArrayList<>();
        private long usedAt;
    }

    private final LongSupplier nanoTime;
    private Map<BlockKey, Run> runs = new HashMap<>();
    private Map<BlockKey, Run> taken = Map.of();

    /** The last used last. */
    private final Set<Run> order = new LinkedHashSet<>();

    UseRuns(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
    }

    /** Notes a use of a block. */
    synchronized void used(BlockKey key, Optional<BlockKey> parent) {
        Run run = runs.get(key);
        if (run == null) {
            if (runs.size() >= MAX_KEYS) {
                return;
            }
            run = parent.map(this::runOf).orElseGet(Run::new);
            // A run that goes on may have named this block in its part taken before.
            if (runs.putIfAbsent(key, run) == null) {
                run.keys.add(key);
            }
        }
        run.usedAt = nanoTime.getAsLong();
        order.remove(run);
        order.add(run);
    }

    /** A parent's run; one taken before goes on, as otherwise its blocks would count as older than those behind them. */
    private Run runOf(BlockKey parent) {
        Run run = runs.get(parent);
        if (run != null) {
            return run;
        }
        var next = new Run();
        Run before = taken.get(parent);
        if (before != null && runs.size() + before.keys.size() < MAX_KEYS) {
            for (BlockKey key : before.keys) {
                if (runs.putIfAbsent(key, next) == null) {
                    next.keys.add(key);
                }
            }
        }
        return next;
    }

    /** The runs since the last time, the last used last. */
    synchronized List<Use> take() {
        List<Use> all = order.stream().map(run -> new Use(run.keys, run.usedAt)).toList();
        taken = runs;
        runs = new HashMap<>();
        order.clear();
        return all;
    }
}
