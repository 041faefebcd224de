package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.List;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** Stored chunks, somewhere else. Whatever goes wrong there is a value here. Safe for use by several threads. */
public interface CacheTier {
    /** No tier: nothing is ever stored. */
    CacheTier NONE = new CacheTier() {
        @Override
        public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
            return Fetch.missed(MissReason.NO_NODES);
        }

        @Override
        public OptionalInt match(List<BlockKey> keys) {
            return OptionalInt.empty();
        }

        @Override
        public PutOutcome put(List<? extends ChunkSource> chunks) {
            return PutOutcome.Failed.ofAll(MissReason.NO_NODES, chunks.size());
        }
    };

    /**
     * Starts to fetch a chain's chunks in order, up to the first that is not stored.
     *
     * @param keys at least one
     * @param chunkBytes the size that every chunk must have
     * @param sink gets each chunk once, in order, verified
     */
    Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink);

    /** How many leading keys lie in this machine's own memory. Does not block. */
    default int nearby(List<BlockKey> keys) {
        return 0;
    }

    /** Keeps copies of chunks, parents first, in this machine's own memory, if there is such a tier and room. */
    default void keep(List<? extends ChunkSource> chunks) {}

    /**
     * How many leading keys are stored, as far as that is known; empty if nobody has answered. Blocks until its deadline at most.
     */
    OptionalInt match(List<BlockKey> keys);

    /** The same without blocking. */
    default CompletableFuture<OptionalInt> matchLater(List<BlockKey> keys) {
        return CompletableFuture.completedFuture(match(keys));
    }

    /** Stores chunks, parents before children. Blocks until its deadline at most. */
    PutOutcome put(List<? extends ChunkSource> chunks);
}
