package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Reads blocks: those at hand from the read cache, all others from the store. Safe for use by several threads. */
public final class BlockReader {
    /**
     * Largest block that is copied where others wait: sending it would copy as much there. To wake another thread for it, and this one
     * again, takes as long as copying a few hundred kilobytes.
     */
    private static final int COPIED_AT_ONCE_BYTES = 4 << 20;

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
     * A block that lies in this node's store and can be sent from there, or a copy in the shared file; empty if it must be
     * {@link #read}, be it that a copy is to be made of it that takes its time. To be closed.
     *
     * @param share whether whoever asks can read the shared file
     * @param next whether whoever asks waits for this block
     */
    public Optional<ReadableBlock> inStore(BlockKey key, boolean share, boolean next) {
        if (share && !next) {
            // Copied by others, several at a time.
            return Optional.empty();
        }
        Optional<ReadableBlock> there = storage.here(key);
        if (there.isEmpty()) {
            return there;
        }
        ReadableBlock block = there.get();
        int bytes = block.header().payloadBytes();
        if (share ? bytes > COPIED_AT_ONCE_BYTES : cache.wasReadBefore(key, bytes)) {
            block.close();
            return Optional.empty();
        }
        storage.used(key, block.header().parent());
        return Optional.of(share ? shared(key, block) : block);
    }

    /** A copy in the shared file instead of the block, if there is room for one. */
    private ReadableBlock shared(BlockKey key, ReadableBlock block) {
        Optional<ReadableBlock> passed;
        try {
            passed = cache.pass(key, block);
        } catch (RuntimeException e) {
            block.close();
            throw e;
        }
        if (passed.isPresent()) {
            block.close();
        }
        return passed.orElse(block);
    }

    private ReadableBlock offered(BlockKey key, ReadableBlock block) {
        try {
            cache.offer(key, block);
        } catch (RuntimeException e) {
            block.close();
            throw e;
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
                .thenApply(found -> found.map(block -> share ? shared(key, block) : offered(key, block)));
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
