package dev.kvern.runner.tier;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** Direct buffers that are used again; keeps a few, all of one size. Safe for use by several threads; guarded by this. */
final class ChunkBuffers {
    private static final int KEPT = 8;

    private final HostAllocator allocator;
    private final Deque<ByteBuffer> idle = new ArrayDeque<>();
    private int lent;

    ChunkBuffers(HostAllocator allocator) {
        this.allocator = allocator;
    }

    /**
     * An empty buffer with that capacity.
     *
     * @throws OutOfMemoryError if Java's direct memory is used up
     */
    synchronized ByteBuffer take(int bytes) {
        ByteBuffer kept = idle.poll();
        ByteBuffer buffer = kept != null && kept.capacity() == bytes ? kept.clear() : allocator.allocate(bytes);
        lent++;
        return buffer;
    }

    /** Buffers that were taken and not given back. */
    synchronized int lent() {
        return lent;
    }

    synchronized void give(ByteBuffer buffer) {
        lent--;
        if (idle.size() < KEPT) {
            idle.push(buffer);
        }
    }
}
