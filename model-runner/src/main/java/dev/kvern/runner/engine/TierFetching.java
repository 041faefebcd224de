package dev.kvern.runner.engine;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPlanner;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Brings what the tiers have of a prompt into the blocks that the prompt holds, as far as that is worth it. The bytes arrive
 * on other threads while the engine works on other sequences; whole chunks are published as they come, so that others that
 * wait for the same ones take them over and a fetch that is cut short keeps what it brought. Confined to the engine's
 * thread.
 */
final class TierFetching {
    private final CacheTier tier;
    private final KvMemory memory;
    private final Prefill prefill;
    private final FetchPlanner planner;
    private final int chunkBlocks;
    private final int chunkTokens;
    private final EnginePulse pulse;
    private final LongSupplier nanoTime;

    TierFetching(
            CacheTier tier,
            KvMemory memory,
            Prefill prefill,
            FetchPlanner planner,
            EngineOptions options,
            EnginePulse pulse,
            LongSupplier nanoTime) {
        this.tier = tier;
        this.memory = memory;
        this.prefill = prefill;
        this.planner = planner;
        this.chunkBlocks = options.chunkBlocks();
        this.chunkTokens = options.chunkTokens();
        this.pulse = pulse;
        this.nanoTime = nanoTime;
    }

    /**
     * Begins to fetch what the sequence's prompt lacks; false if its prefill can begin at once: there is nothing to ask for,
     * it is not worth it, or what comes is met half way.
     */
    boolean start(Sequence sequence) {
        Prompt prompt = sequence.prompt;
        List<BlockKey> missing = prefill.missing(prompt);
        if (!sequence.task.readCluster() || sequence.fetched || missing.isEmpty()) {
            return false;
        }
        sequence.fetched = true;
        FetchPlan plan = planner.plan(prompt.computed, missing.size(), tier.nearby(missing));
        if (plan.chunks() == 0) {
            return false;
        }
        if (plan.kind() == FetchPlan.Kind.OVERLAP) {
            var tail = new ArrivingTail(
                    memory,
                    planner,
                    plan,
                    missing,
                    prompt.computed / chunkTokens,
                    prefill.missingBlocks(prompt),
                    nanoTime);
            prompt.tail = tail;
            tail.start(tier);
            return false;
        }
        long begin = nanoTime.getAsLong();
        sequence.fetchStartedAt = begin;
        var arrival = new Arrival(plan, prompt.computed / chunkTokens, prefill.missingBlocks(prompt), begin);
        prompt.arrival = arrival;
        Fetch fetch = tier.fetch(missing.subList(0, plan.chunks()), chunkBlocks * memory.blockBytes(), arrival::accept);
        sequence.fetch = fetch;
        fetch.outcome().whenComplete((outcome, never) -> arrival.ended(outcome));
        return true;
    }

    /** Takes what has come; false while the fetch goes on. */
    boolean finish(Sequence sequence) {
        Fetch fetch = sequence.fetch;
        Arrival arrival = sequence.prompt.arrival;
        if (fetch == null || arrival == null) {
            return true;
        }
        FetchOutcome outcome = fetch.outcome().getNow(null);
        arrival.publish(sequence.prompt, outcome == null ? arrival.chunks : outcome.chunks());
        if (outcome == null) {
            return false;
        }
        sequence.fetch = null;
        sequence.prompt.arrival = null;
        sequence.fetchNanos += nanoTime.getAsLong() - sequence.fetchStartedAt;
        prefill.fetched(sequence.prompt, arrival.first, outcome);
        if (outcome.endedAtAHole()) {
            prefill.notFetched(sequence.prompt);
        }
        return true;
    }

    /** What has come of one fetch. Written by the threads that bring it. */
    final class Arrival {
        private final FetchPlan plan;

        /** Place in its prompt of the first chunk asked for. */
        private final int first;

        private final int[] places;
        private final long startedAt;
        private int published;
        private volatile int chunks;
        private volatile long hostEndedAt;

        Arrival(FetchPlan plan, int first, int[] places, long startedAt) {
            this.plan = plan;
            this.first = first;
            this.places = places;
            this.startedAt = startedAt;
            this.hostEndedAt = startedAt;
        }

        void accept(int chunk, ByteBuffer payload) {
            memory.write(Arrays.copyOfRange(places, chunk * chunkBlocks, (chunk + 1) * chunkBlocks), payload);
            chunks = chunk + 1;
            if (chunk + 1 == plan.hostChunks()) {
                hostEndedAt = nanoTime.getAsLong();
            }
            pulse.wake();
        }

        void ended(@Nullable FetchOutcome outcome) {
            if (outcome != null) {
                planner.ended(plan, outcome, hostEndedAt - startedAt, nanoTime.getAsLong() - hostEndedAt);
            }
            pulse.wake();
        }

        int hostTokens() {
            return plan.hostChunks() * chunkTokens;
        }

        private void publish(Prompt prompt, int upTo) {
            prefill.arrived(prompt, upTo - published);
            published = upTo;
        }
    }
}
