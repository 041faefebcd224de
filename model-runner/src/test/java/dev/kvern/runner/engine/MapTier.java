package dev.kvern.runner.engine;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.ChunkBytes;
import dev.kvern.runner.tier.ChunkSink;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.PutOutcome;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;

/** A cache tier in a map; chunks arrive on another thread. Safe for use by several threads. */
final class MapTier implements CacheTier {
    final Map<BlockKey, byte[]> chunks = new ConcurrentHashMap<>();

    /** Whose the chunks were said to be. */
    final Map<BlockKey, BlockLabels> labels = new ConcurrentHashMap<>();

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        var outcome = new CompletableFuture<FetchOutcome>();
        List<BlockKey> wanted = List.copyOf(keys);
        var fetch = new MapFetch(outcome);
        CompletableFuture.runAsync(() -> {
            int arrived = 0;
            for (BlockKey key : wanted) {
                byte[] chunk = chunks.get(key);
                if (chunk == null || chunk.length != chunkBytes || !fetch.deliver(sink, arrived, chunk)) {
                    break;
                }
                arrived++;
            }
            outcome.complete(
                    arrived == wanted.size()
                            ? new FetchOutcome.Hit(arrived)
                            : arrived == 0
                                    ? new FetchOutcome.Miss(MissReason.NOT_STORED)
                                    : new FetchOutcome.PartialHit(arrived, MissReason.NOT_STORED));
        });
        return fetch;
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        int matched = 0;
        while (matched < keys.size() && chunks.containsKey(keys.get(matched))) {
            matched++;
        }
        return OptionalInt.of(matched);
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> sources) {
        int stored = 0;
        for (ChunkSource source : sources) {
            labels.put(source.key(), source.labels());
            stored += chunks.putIfAbsent(source.key(), ChunkBytes.of(source)) == null ? 1 : 0;
        }
        return new PutOutcome.Stored(stored, sources.size() - stored);
    }

    private static final class MapFetch implements Fetch {
        private final CompletableFuture<FetchOutcome> outcome;
        private boolean cancelled;

        MapFetch(CompletableFuture<FetchOutcome> outcome) {
            this.outcome = outcome;
        }

        synchronized boolean deliver(ChunkSink sink, int index, byte[] chunk) {
            if (!cancelled) {
                sink.accept(index, ByteBuffer.wrap(chunk));
            }
            return !cancelled;
        }

        @Override
        public CompletableFuture<FetchOutcome> outcome() {
            return outcome;
        }

        @Override
        public synchronized void cancel() {
            cancelled = true;
        }
    }
}
