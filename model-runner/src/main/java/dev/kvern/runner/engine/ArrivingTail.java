package dev.kvern.runner.engine;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.MissReason;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.OptionalInt;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * A prompt's stored chunks, fetched from the last one on while the engine computes from the first one on, until both meet
 * (Jin et al., Compute Or Load KV Cache? Why Not Both?, arXiv:2410.03065). Chunks are claimed, so that a block is written by
 * one side only. Chunks are numbered from the first that the prompt lacked. Safe for use by several threads; guarded by this,
 * which is never held while the tier is called.
 */
final class ArrivingTail {
    private final KvMemory memory;
    private final FetchPlanner planner;
    private final FetchPlan plan;
    private final List<BlockKey> keys;
    private final int first;
    private final int[] places;
    private final LongSupplier nanoTime;
    private final long startedAt;
    private final int chunkBlocks;

    /** Those before it are the engine's. */
    private int claimed;

    /** Those from it to {@link #stored} have arrived. */
    private int low;

    private int stored;
    private long lastArrival;
    private boolean ended;
    private @Nullable Fetch fetch;

    /**
     * @param keys of the chunks that the prompt lacks
     * @param first place in the prompt of the first of them
     * @param places their blocks
     */
    ArrivingTail(
            KvMemory memory,
            FetchPlanner planner,
            FetchPlan plan,
            List<BlockKey> keys,
            int first,
            int[] places,
            LongSupplier nanoTime) {
        this.memory = memory;
        this.planner = planner;
        this.plan = plan;
        this.keys = List.copyOf(keys);
        this.first = first;
        this.places = places;
        this.nanoTime = nanoTime;
        this.startedAt = nanoTime.getAsLong();
        this.chunkBlocks = places.length / keys.size();
    }

    /** Asks how much is stored, then for that. Returns at once. */
    void start(CacheTier tier) {
        tier.matchLater(keys).thenAccept(matched -> begin(tier, matched));
    }

    private void begin(CacheTier tier, OptionalInt matched) {
        List<BlockKey> backwards;
        int last;
        synchronized (this) {
            int found = Math.min(keys.size(), matched.orElse(0));
            if (ended || found <= claimed) {
                last = -1;
                backwards = List.of();
            } else {
                stored = found;
                low = found;
                last = found - 1;
                backwards = new ArrayList<>(keys.subList(claimed, found));
                Collections.reverse(backwards);
            }
        }
        if (backwards.isEmpty()) {
            end();
            return;
        }
        Fetch started = tier.fetch(
                backwards, chunkBlocks * memory.blockBytes(), (index, payload) -> accept(last - index, payload));
        boolean late;
        synchronized (this) {
            fetch = started;
            late = ended;
        }
        if (late) {
            started.cancel();
        }
    }

    private synchronized void accept(int chunk, ByteBuffer payload) {
        if (ended || chunk < claimed) {
            return;
        }
        memory.write(Arrays.copyOfRange(places, chunk * chunkBlocks, (chunk + 1) * chunkBlocks), payload);
        low = chunk;
        lastArrival = nanoTime.getAsLong();
    }

    /** Makes a chunk of the prompt the engine's to write; false if it has arrived. */
    synchronized boolean claim(int chunkOfPrompt) {
        int chunk = chunkOfPrompt - first;
        if (chunk >= low && chunk < stored) {
            return false;
        }
        claimed = Math.max(claimed, chunk + 1);
        return true;
    }

    /** How many chunks of the prompt are there from this one on. */
    synchronized int arrivedFrom(int chunkOfPrompt) {
        int chunk = chunkOfPrompt - first;
        return chunk >= low && chunk < stored ? stored - chunk : 0;
    }

    /** Ends it: when this returns nothing is written any more. */
    void end() {
        Fetch running;
        int arrived;
        synchronized (this) {
            if (ended) {
                return;
            }
            ended = true;
            running = fetch;
            arrived = stored - low;
        }
        if (running != null) {
            running.cancel();
        }
        planner.ended(
                plan,
                arrived == 0
                        ? new FetchOutcome.Miss(MissReason.CANCELLED)
                        : new FetchOutcome.PartialHit(arrived, MissReason.NOT_STORED),
                0,
                lastArrival - startedAt);
    }
}
