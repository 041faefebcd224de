package dev.kvern.runner.engine;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.HeldBlock;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.kv.WritableBlock;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.NotFiniteException;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.OffloadChunk;
import dev.kvern.runner.tier.OffloadQueue;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings a prompt's KV about, chunk by chunk, from the pool, from what was fetched, or by computing. A chunk always starts
 * at a multiple of its size and is computed on all of its rows, so its values do not depend on where the ones before it
 * came from; what is left at a prompt's end is shared with nobody and takes as many rows as it has tokens. Confined to the
 * engine's thread.
 */
final class Prefill {
    private static final Logger log = LoggerFactory.getLogger(Prefill.class);

    private final Transformer model;
    private final KvMemory memory;
    private final BlockPool pool;
    private final OffloadQueue offload;
    private final FetchPlanner planner;
    private final EngineCounters counters;
    private final LongSupplier nanoTime;
    private final int blockTokens;
    private final int chunkTokens;
    private final int chunkBlocks;
    private final StepLimit chunksAtOnce = new StepLimit();

    /** @param planner learns what chunks cost */
    Prefill(
            Transformer model,
            KvMemory memory,
            BlockPool pool,
            OffloadQueue offload,
            EngineOptions options,
            FetchPlanner planner,
            EngineCounters counters,
            LongSupplier nanoTime) {
        this.model = model;
        this.memory = memory;
        this.pool = pool;
        this.offload = offload;
        this.planner = planner;
        this.counters = counters;
        this.nanoTime = nanoTime;
        this.blockTokens = options.blockTokens();
        this.chunkTokens = options.chunkTokens();
        this.chunkBlocks = options.chunkBlocks();
    }

    /**
     * Pins what the pool has of the prompt and takes blocks for the rest.
     *
     * @param spare blocks that must be left over
     * @return false, with nothing held, if there are not enough
     */
    boolean begin(Prompt prompt, int spare) {
        List<PinnedBlock> cached = prompt.readLocal
                ? pool.pinLongestPrefix(
                        prompt.keys.namespace(), prompt.digests(0, prompt.reusableChunks * chunkBlocks), chunkBlocks)
                : List.of();
        int needed = (prompt.tokens.length + blockTokens - 1) / blockTokens - cached.size();
        Optional<List<WritableBlock>> fresh =
                pool.usage().free() + pool.usage().cached() < needed + spare ? Optional.empty() : pool.acquire(needed);
        if (fresh.isEmpty()) {
            cached.forEach(HeldBlock::close);
            return false;
        }
        prompt.table.append(cached);
        prompt.table.append(fresh.get());
        prompt.computed = cached.size() * blockTokens;
        prompt.localTokens = prompt.computed;
        prompt.hostTokens = 0;
        prompt.clusterTokens = 0;
        prompt.computedTokens = 0;
        prompt.spans.clear();
        prompt.spans.add(Source.LOCAL, prompt.computed);
        return true;
    }

    /** Keys of the chunks that could still come from the tier. */
    List<BlockKey> missing(Prompt prompt) {
        return prompt.keys.chunkKeys().subList(prompt.computed / chunkTokens, prompt.reusableChunks);
    }

    /** Places in the memory where {@link #missing} go. */
    int[] missingBlocks(Prompt prompt) {
        return Arrays.copyOfRange(
                prompt.table.indices(), prompt.computed / blockTokens, prompt.reusableChunks * chunkBlocks);
    }

    /** Notes that the next {@code chunks} have been written from a tier: others can use them at once. */
    void arrived(Prompt prompt, int chunks) {
        int first = prompt.computed / chunkTokens;
        for (int chunk = first; chunk < first + chunks; chunk++) {
            publish(prompt, chunk);
        }
        prompt.computed += chunks * chunkTokens;
    }

    /** Notes where the chunks that {@link #arrived}, from {@code first} on, have come from. */
    void fetched(Prompt prompt, int first, FetchOutcome outcome) {
        prompt.hostTokens += outcome.hostChunks() * chunkTokens;
        prompt.clusterTokens += outcome.clusterChunks() * chunkTokens;
        prompt.spans.add(Source.HOST, outcome.hostChunks() * chunkTokens);
        prompt.spans.add(Source.CLUSTER, outcome.clusterChunks() * chunkTokens);
        // What lay in host memory need not be in the cluster.
        offload.stored(prompt.keys.chunkKeys().subList(first + outcome.hostChunks(), first + outcome.chunks()));
    }

    /** Notes that the tier does not have the chunk that comes next: whoever computes it is to store it again. */
    void notFetched(Prompt prompt) {
        List<BlockKey> keys = prompt.keys.chunkKeys();
        offload.lost(keys.subList(prompt.computed / chunkTokens, keys.size()));
    }

    /** Takes over chunks that others have computed since {@link #begin}, and those that a tail has brought. */
    void adopt(Prompt prompt) {
        takeTail(prompt);
        while (prompt.readLocal && prompt.computed / chunkTokens < prompt.reusableChunks) {
            int from = prompt.computed / blockTokens;
            Optional<List<PinnedBlock>> pins =
                    pool.pinAll(prompt.keys.namespace(), prompt.digests(from, from + chunkBlocks));
            if (pins.isEmpty()) {
                return;
            }
            if (!claim(prompt, 0)) {
                pins.get().forEach(HeldBlock::close);
                takeTail(prompt);
                return;
            }
            prompt.table.replace(from, pins.get());
            prompt.computed += chunkTokens;
            prompt.localTokens += chunkTokens;
            prompt.spans.add(Source.LOCAL, chunkTokens);
        }
    }

    /**
     * Computes the next chunks, with one call of the model. They are published when keys, values and logits are known to be
     * finite numbers. Where memory is short fewer chunks are computed.
     *
     * @param chunks most of them, at least 1
     * @return logits of the last token if {@code wantLogits} and the prompt is complete now, else empty
     * @throws NotFiniteException if they are not; nothing of it is published, see {@link #clear}
     * @throws OutOfDeviceMemoryException if there is no memory for one chunk; the step can be tried again
     */
    float[] step(Prompt prompt, int chunks, boolean wantLogits) {
        while (!claim(prompt, 0)) {
            takeTail(prompt);
        }
        int from = prompt.computed;
        int most = chunksAtOnce.of(chunks);
        int claimed = 1;
        while (claimed < most && from + claimed * chunkTokens < prompt.tokens.length && claim(prompt, claimed)) {
            claimed++;
        }
        while (true) {
            try {
                float[] logits = compute(prompt, claimed, wantLogits);
                chunksAtOnce.succeeded(claimed);
                return logits;
            } catch (OutOfDeviceMemoryException e) {
                counters.shortages.increment();
                if (chunksAtOnce.failed(claimed)) {
                    log.warn(
                            "a step of {} chunks found no memory, smaller ones are tried: {}", claimed, e.getMessage());
                }
                if (claimed == 1) {
                    throw e;
                }
                claimed /= 2;
            }
        }
    }

    private float[] compute(Prompt prompt, int chunks, boolean wantLogits) {
        int from = prompt.computed;
        int to = Math.min(prompt.tokens.length, from + chunks * chunkTokens);
        long begin = nanoTime.getAsLong();
        float[] logits = model.step(
                memory,
                prompt.table.indices(),
                from,
                Arrays.copyOfRange(prompt.tokens, from, to),
                to - from,
                wantLogits && to == prompt.tokens.length ? 1 : 0);
        NotFiniteException.requireFinite(logits, 0, logits.length, to - 1);
        planner.computed(from, to - from, nanoTime.getAsLong() - begin);
        prompt.computed = to;
        prompt.computedTokens += to - from;
        prompt.spans.add(Source.COMPUTED, to - from);
        for (int chunk = from / chunkTokens; chunk < to / chunkTokens; chunk++) {
            publish(prompt, chunk);
        }
        return logits;
    }

    /**
     * Overwrites the blocks that only this prompt has, before they are given back: a device reads what is masked in a
     * sequence's blocks too, where a number that is not finite would spoil the results of whoever has them next.
     */
    void clear(Prompt prompt) {
        prompt.endTail();
        for (int i = 0; i < prompt.table.size(); i++) {
            try {
                if (prompt.table.writable(i, i + 1).isPresent()) {
                    memory.write(prompt.table.indices()[i], ByteBuffer.allocate(memory.blockBytes()));
                }
            } catch (RuntimeException e) {
                log.error("a block that holds no finite numbers could not be cleared", e);
            }
        }
    }

    /** Makes a chunk's blocks the engine's to write or to give back, the next one's for 0; false if it has arrived. */
    private boolean claim(Prompt prompt, int ahead) {
        ArrivingTail tail = prompt.tail;
        return tail == null || tail.claim(prompt.computed / chunkTokens + ahead);
    }

    /** Where computing has met what was fetched from the end, takes that. */
    private void takeTail(Prompt prompt) {
        ArrivingTail tail = prompt.tail;
        int first = prompt.computed / chunkTokens;
        int chunks = tail == null ? 0 : tail.arrivedFrom(first);
        if (tail != null && chunks > 0) {
            tail.end();
            prompt.tail = null;
            arrived(prompt, chunks);
            fetched(prompt, first, new FetchOutcome.Hit(chunks));
        }
    }

    /** Leaves the prompt's complete chunks to be offloaded. */
    void offload(Prompt prompt) {
        if (!prompt.write) {
            return;
        }
        var chain = new ArrayList<OffloadChunk>();
        List<BlockKey> keys = prompt.keys.chunkKeys();
        if (prompt.asked) {
            offload.used(keys);
        }
        for (int chunk = 0; chunk < prompt.tokens.length / chunkTokens; chunk++) {
            if (offload.wants(keys.get(chunk))) {
                Optional<BlockKey> parent = chunk == 0 ? Optional.empty() : Optional.of(keys.get(chunk - 1));
                BlockKey key = keys.get(chunk);
                prompt.table
                        .pinAgain(chunk * chunkBlocks, (chunk + 1) * chunkBlocks)
                        .ifPresent(pins ->
                                chain.add(new OffloadChunk(key, parent, chunkTokens, prompt.keys.labels(), pins)));
            }
        }
        if (!chain.isEmpty()) {
            offload.offer(chain);
        }
    }

    private void publish(Prompt prompt, int chunk) {
        if (!prompt.write) {
            return;
        }
        int from = chunk * chunkBlocks;
        int to = from + chunkBlocks;
        List<BlockDigest> digests = prompt.digests(from, to);
        if (!prompt.readLocal) {
            // Publishing would put the pool's copy in the place of ours, which is not to be used.
            Optional<List<PinnedBlock>> there = pool.pinAll(prompt.keys.namespace(), digests);
            if (there.isPresent()) {
                there.get().forEach(HeldBlock::close);
                return;
            }
        }
        // A chunk after one that we have in private would keep the pool's copy of that one from going without
        // holding it: a request that just fits into the pool would find no room for itself.
        if (chunk > 0 && prompt.table.writable(from - 1, from).isPresent()) {
            return;
        }
        BlockDigest parent =
                chunk == 0 ? BlockChain.root() : prompt.keys.digests().get(from - 1);
        prompt.table
                .writable(from, to)
                .flatMap(blocks -> pool.publish(prompt.keys.namespace(), parent, digests, blocks))
                .ifPresent(pins -> prompt.table.replace(from, pins));
    }
}
