package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;

/** Holds a block back until there is room for it. Implementations are safe for use by several threads. */
@FunctionalInterface
public interface WriteGate {
    /** Room that was kept for a block; to be given back once the block is stored, or is not to be. */
    @FunctionalInterface
    interface Room extends AutoCloseable {
        @Override
        void close();

        /** Room that is given back once, however often it is closed. */
        static Room once(Runnable giveBack) {
            var open = new AtomicBoolean(true);
            return () -> {
                if (open.compareAndSet(true, false)) {
                    giveBack.run();
                }
            };
        }
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
