package dev.kvern.runner.engine;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import java.util.List;
import java.util.function.LongSupplier;

/**
 * Brings what the tier has of a prompt into the blocks that the prompt holds. The bytes arrive on the network's threads
 * while the engine works on other sequences. Confined to the engine's thread.
 */
final class TierFetching {
    private final CacheTier tier;
    private final KvMemory memory;
    private final Prefill prefill;
    private final int chunkBlocks;
    private final EnginePulse pulse;
    private final LongSupplier nanoTime;

    TierFetching(
            CacheTier tier,
            KvMemory memory,
            Prefill prefill,
            EngineOptions options,
            EnginePulse pulse,
            LongSupplier nanoTime) {
        this.tier = tier;
        this.memory = memory;
        this.prefill = prefill;
        this.chunkBlocks = options.chunkBlocks();
        this.pulse = pulse;
        this.nanoTime = nanoTime;
    }

    /** Begins to fetch what the sequence's prompt lacks; false if there is nothing to ask for. */
    boolean start(Sequence sequence) {
        List<BlockKey> missing = prefill.missing(sequence.prompt);
        if (!sequence.task.readCluster() || sequence.fetched || missing.isEmpty()) {
            return false;
        }
        sequence.fetched = true;
        sequence.fetchStartedAt = nanoTime.getAsLong();
        int[] places = prefill.missingBlocks(sequence.prompt);
        Fetch fetch = tier.fetch(missing, chunkBlocks * memory.blockBytes(), (chunk, payload) -> {
            for (int block = 0; block < chunkBlocks; block++) {
                memory.write(places[chunk * chunkBlocks + block], payload);
            }
        });
        sequence.fetch = fetch;
        fetch.outcome().whenComplete((outcome, never) -> pulse.wake());
        return true;
    }

    /** Takes what has come; false while the fetch goes on. */
    boolean finish(Sequence sequence) {
        Fetch fetch = sequence.fetch;
        if (fetch == null) {
            return true;
        }
        FetchOutcome outcome = fetch.outcome().getNow(null);
        if (outcome == null) {
            return false;
        }
        sequence.fetch = null;
        sequence.fetchNanos += nanoTime.getAsLong() - sequence.fetchStartedAt;
        prefill.fetched(sequence.prompt, outcome.chunks());
        if (outcome.endedAtAHole()) {
            prefill.notFetched(sequence.prompt);
        }
        return true;
    }
}
