package dev.kvern.runner.model.torch;

import java.nio.ByteBuffer;

/**
 * Copies whole KV blocks between a pool and the host's memory: one after the other, each as KvMemory lays it out. When a call
 * returns the copy is done. Safe for use by several threads; whoever calls sees to it that the pool is not freed meanwhile.
 */
interface BlockCopies extends AutoCloseable {
    /** Copies blocks into {@code target}, which has room for them, and moves its position. */
    void read(int[] blocks, ByteBuffer target);

    /** Overwrites blocks with the next bytes of {@code source}, and moves its position. */
    void write(int[] blocks, ByteBuffer source);

    @Override
    void close();
}
