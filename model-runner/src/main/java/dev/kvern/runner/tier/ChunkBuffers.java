package dev.kvern.runner.tier;

import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.Deque;

/** Direct buffers that are used again; keeps a few, all of one size. Safe for use by several threads; guarded by this. */
final class ChunkBuffers {
    private final HostAllocator allocator;
    private final int kept;
    private final Deque<ByteBuffer> idle = new ArrayDeque<>();
    private int lent;

    /** @param kept most that are kept while nobody uses them */
    ChunkBuffers(HostAllocator allocator, int kept) {
        this.allocator = allocator;
        this.kept = kept;
    }

    /**
     * An empty buffer with that capacity.
     *
     * @throws OutOfMemoryError if Java's direct memory is used up
     */
    synchronized ByteBuffer take(int bytes) {
        ByteBuffer used = idle.poll();
        ByteBuffer buffer = used != null && used.capacity() == bytes ? used.clear() : allocator.allocate(bytes);
        lent++;
        return buffer;
    }

    /** Buffers that were taken and not given back. */
    synchronized int lent() {
        return lent;
    }

    synchronized void give(ByteBuffer buffer) {
        lent--;
        if (idle.size() < kept) {
            idle.push(buffer);
        }
    }
}
