package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.concurrent.CompletableFuture;

/** Holds a block back until there is room for it. Implementations are safe for use by several threads. */
@FunctionalInterface
public interface WriteGate {
    /** Room that was kept for a block; to be given back once the block is stored, or is not to be. */
    @FunctionalInterface
    interface Room extends AutoCloseable {
        @Override
        void close();
    }

    /** Lets everything through. */
    WriteGate OPEN = (key, bytes) -> CompletableFuture.completedFuture(() -> {});

    /**
     * Waits for room.
     *
     * @param bytes of the block as stored
     * @return ends within a bounded time, with a {@link dev.kvern.rpc.KvernException} RESOURCE_EXHAUSTED if there is none by then
     */
    CompletableFuture<Room> admit(BlockKey key, int bytes);
}
