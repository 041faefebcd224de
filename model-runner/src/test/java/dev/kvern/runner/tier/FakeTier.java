package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** A tier in a map that answers at once, or stalls after some chunks. For one thread. */
final class FakeTier implements CacheTier {
    final Map<BlockKey, byte[]> chunks = new HashMap<>();

    /** Keys asked for by the latest fetch. */
    List<BlockKey> asked = List.of();

    /** Chunks after which a fetch brings nothing more and does not end. */
    int stallsAfter = Integer.MAX_VALUE;

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        asked = List.copyOf(keys);
        var outcome = new CompletableFuture<FetchOutcome>();
        int came = 0;
        while (came < keys.size() && came < stallsAfter && chunks.containsKey(keys.get(came))) {
            sink.accept(came, ByteBuffer.wrap(chunks.getOrDefault(keys.get(came), new byte[0])));
            came++;
        }
        int arrived = came;
        if (arrived < stallsAfter) {
            outcome.complete(
                    arrived == keys.size()
                            ? new FetchOutcome.Hit(arrived)
                            : FetchOutcome.of(arrived, MissReason.NOT_STORED));
        }
        return new Fetch() {
            @Override
            public CompletableFuture<FetchOutcome> outcome() {
                return outcome;
            }

            @Override
            public void cancel() {
                outcome.complete(FetchOutcome.of(arrived, MissReason.CANCELLED));
            }
        };
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
            stored += chunks.putIfAbsent(source.key(), ChunkBytes.of(source)) == null ? 1 : 0;
        }
        return new PutOutcome.Stored(stored, sources.size() - stored);
    }
}
