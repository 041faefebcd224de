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
     * A block that lies in this node's store and can be sent from there; empty if it must be {@link #read}, be it that a copy is to be
     * made of it. To be closed.
     *
     * @param share whether whoever asks can read the shared file
     */
    public Optional<ReadableBlock> inStore(BlockKey key, boolean share) {
        if (share) {
            return Optional.empty();
        }
        Optional<ReadableBlock> block = storage.here(key);
        if (block.isPresent() && cache.wasReadBefore(key)) {
            block.get().close();
            return Optional.empty();
        }
        return block;
    }

    /**
     * A block from the store, or a copy in the shared file. Ends as {@link BlockStorage#get} does. To be closed.
     *
     * @param share whether whoever asks can read the shared file
     */
    public CompletableFuture<Optional<ReadableBlock>> read(BlockKey key, boolean share) {
        return storage.open(key)
                .thenApply(found -> found.map(block -> {
                    if (!share) {
                        cache.offer(key, block);
                        return block;
                    }
                    Optional<ReadableBlock> passed = cache.pass(key, block);
                    if (passed.isPresent()) {
                        block.close();
                    }
                    return passed.orElse(block);
                }));
    }

    /**
     * A block of which a copy was damaged, verified, or healed if it is the store's own that is; in memory of its own. Ends as
     * {@link BlockStorage#get} does.
     */
    public CompletableFuture<Optional<ReadableBlock>> readVerified(BlockKey key) {
        if (cache.drop(key)) {
            counters.corrupt();
        }
        return storage.get(key).thenApply(block -> block.map(found -> found));
    }

    /** The path of the file that blocks at hand lie in, if others on this machine can read it. */
    public Optional<String> sharedFile() {
        return cache.sharedFile().map(Path::toString);
    }
}
