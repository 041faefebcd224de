package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/**
 * Blocks by key, in the whole cluster. Every answer comes within a bounded time; one that does not is an exceptional end with
 * a {@link dev.kvern.rpc.KvernException}: PEER_SILENT if an owner has not answered, else UNAVAILABLE. Safe for use by several threads.
 */
public interface BlockStorage {
    /** The block, verified; empty if it is not stored, or was corrupt in all of its copies and is gone now. */
    CompletableFuture<Optional<StoredBlock>> get(BlockKey key);

    /**
     * A block that can be sent from where it lies at this node, not verified, and kept from being evicted until it is closed; empty if
     * there is none like that, and {@link #get} may still find it. Does not wait. To be told of by {@link #used} if it is sent.
     */
    default Optional<ReadableBlock> here(BlockKey key) {
        return Optional.empty();
    }

    /** The same if there is one, found in a thread that may be kept busy with it, else what {@link #get} says. To be closed. */
    default CompletableFuture<Optional<ReadableBlock>> open(BlockKey key) {
        return get(key).thenApply(block -> block.map(found -> found));
    }

    /**
     * Stores a block unless there is one already: the first complete write wins. Once this has ended well, the block's array is
     * the caller's again and may be written to.
     *
     * @return whether it is new; either way it is at all of its owners now
     */
    CompletableFuture<Boolean> put(BlockKey key, StoredBlock block);

    /** How many leading keys are stored. */
    CompletableFuture<Integer> match(List<BlockKey> chain);

    /** Removes a block; whether it was there. */
    CompletableFuture<Boolean> delete(BlockKey key);

    /** Notes that a block was read from a copy of the caller's own. */
    default void used(BlockKey key, Optional<BlockKey> parent) {}

    /** Blocks and bytes of this node. */
    StorageUsage usage();
}
