package dev.kvern.runner.tier;

import java.nio.ByteBuffer;

/**
 * Where the host tier's memory comes from. For CUDA page-locked memory would halve the time of copies and let them overlap
 * with compute; an allocator of such memory takes its place here and nothing else changes.
 */
@FunctionalInterface
public interface HostAllocator {
    /** Memory outside the Java heap, pageable. Freed when nothing refers to it any more. */
    HostAllocator DIRECT = ByteBuffer::allocateDirect;

    /**
     * Allocates, and touches, so many bytes.
     *
     * @throws OutOfMemoryError if there are not as many
     */
    ByteBuffer allocate(int bytes);
}
