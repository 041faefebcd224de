package dev.kvern.runner.engine;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.ChunkSink;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.OffloadChunk;
import dev.kvern.runner.tier.OffloadQueue;
import dev.kvern.runner.tier.PutOutcome;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;

/**
 * A cache tier and the way to it, whose fetches and offloads go on when {@link #pass} is called, a random distance. Confined
 * to one thread.
 */
final class SimulatedTier implements CacheTier, OffloadQueue {
    private final Random random;
    private final Map<BlockKey, byte[]> stored = new HashMap<>();
    private final List<SimulatedFetch> fetches = new ArrayList<>();
    private final List<OffloadChunk> offloading = new ArrayList<>();
    private final ArithmeticModel.Memory memory;

    SimulatedTier(Random random, ArithmeticModel.Memory memory) {
        this.random = random;
        this.memory = memory;
    }

    /** Pins held for what is being offloaded. */
    List<PinnedBlock> pins() {
        return offloading.stream().flatMap(chunk -> chunk.blocks().stream()).toList();
    }

    /** Lets some time pass for what is under way. */
    void pass() {
        for (SimulatedFetch fetch : List.copyOf(fetches)) {
            fetch.pass();
        }
        if (!offloading.isEmpty() && random.nextInt(3) > 0) {
            OffloadChunk chunk = offloading.remove(0);
            byte[] bytes = new byte[chunk.blocks().size() * memory.blockBytes()];
            var buffer = ByteBuffer.wrap(bytes);
            chunk.blocks().forEach(block -> memory.read(block.index(), buffer));
            stored.put(chunk.key(), bytes);
            chunk.blocks().forEach(PinnedBlock::close);
        }
    }

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        var fetch = new SimulatedFetch(List.copyOf(keys), sink);
        fetches.add(fetch);
        return fetch;
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        return OptionalInt.empty();
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> chunks) {
        return PutOutcome.Failed.ofAll(MissReason.NO_NODES, chunks.size());
    }

    @Override
    public boolean wants(BlockKey key) {
        return !stored.containsKey(key) && random.nextInt(4) > 0;
    }

    @Override
    public void offer(List<OffloadChunk> chain) {
        Set<BlockKey> known = new HashSet<>(stored.keySet());
        offloading.forEach(chunk -> known.add(chunk.key()));
        for (OffloadChunk chunk : chain) {
            if (known.add(chunk.key())) {
                offloading.add(chunk);
            } else {
                chunk.blocks().forEach(PinnedBlock::close);
            }
        }
    }

    @Override
    public void stored(List<BlockKey> keys) {}

    @Override
    public void lost(List<BlockKey> keys) {}

    /** Brings a chunk now and then, and ends early now and then. */
    private final class SimulatedFetch implements Fetch {
        private final List<BlockKey> keys;
        private final ChunkSink sink;
        private final CompletableFuture<FetchOutcome> outcome = new CompletableFuture<>();
        private int arrived;

        SimulatedFetch(List<BlockKey> keys, ChunkSink sink) {
            this.keys = keys;
            this.sink = sink;
        }

        void pass() {
            int what = random.nextInt(8);
            if (what < 3) {
                return;
            }
            byte[] chunk = arrived < keys.size() ? stored.get(keys.get(arrived)) : null;
            if (chunk != null && what < 7) {
                sink.accept(arrived++, ByteBuffer.wrap(chunk));
            } else {
                end(chunk == null && arrived < keys.size() ? MissReason.NOT_STORED : MissReason.TIMEOUT);
            }
        }

        private void end(MissReason why) {
            fetches.remove(this);
            outcome.complete(arrived == keys.size() ? new FetchOutcome.Hit(arrived) : FetchOutcome.of(arrived, why));
        }

        @Override
        public CompletableFuture<FetchOutcome> outcome() {
            return outcome;
        }

        @Override
        public void cancel() {
            fetches.remove(this);
        }
    }
}
