package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Reads blocks: those at hand from the read cache, all others from the store. Safe for use by several threads. */
public final class BlockReader {
    private final BlockStorage storage;
    private final ReadCache cache;
    private final StoreCounters counters;

    public BlockReader(BlockStorage storage, ReadCache cache, StoreCounters counters) {
        this.storage = storage;
        this.cache = cache;
        this.counters = counters;
    }

    /** A block that can be sent at once and takes no memory of its own; to be closed. */
    public Optional<ReadableBlock> atHand(BlockKey key) {
        Optional<ReadableBlock> copy = cache.find(key);
        copy.ifPresent(block -> {
            counters.foundAtHand();
            storage.used(key, block.header().parent());
        });
        return copy;
    }

    /**
     * A block from the store, in memory of its own, or in the shared file. Ends as {@link BlockStorage#get} does.
     *
     * @param share whether whoever asks can read the shared file
     */
    public CompletableFuture<Optional<ReadableBlock>> read(BlockKey key, boolean share) {
        return storage.get(key)
                .thenApply(found -> found.map(block -> {
                    Optional<ReadableBlock> passed = share ? cache.pass(key, block) : Optional.empty();
                    if (!share) {
                        cache.offer(key, block);
                    }
                    return passed.orElse(block);
                }));
    }

    /** The path of the file that blocks at hand lie in, if others on this machine can read it. */
    public Optional<String> sharedFile() {
        return cache.sharedFile().map(Path::toString);
    }

    /** A copy at hand was not what its checksum says: the next read is from the store again. */
    public void damaged(BlockKey key) {
        counters.corrupt();
        cache.drop(key);
    }
}
