package dev.kvern.runner.tier;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** Direct buffers that are used again; keeps a few, all of one size. Safe for use by several threads; guarded by this. */
final class ChunkBuffers {
    private static final int KEPT = 4;

    private final HostAllocator allocator;
    private final Deque<ByteBuffer> idle = new ArrayDeque<>();

    ChunkBuffers(HostAllocator allocator) {
        this.allocator = allocator;
    }

    /** An empty buffer with that capacity. */
    synchronized ByteBuffer take(int bytes) {
        ByteBuffer buffer = idle.poll();
        return buffer != null && buffer.capacity() == bytes ? buffer.clear() : allocator.allocate(bytes);
    }

    synchronized void give(ByteBuffer buffer) {
        if (idle.size() < KEPT) {
            idle.push(buffer);
        }
    }
}
