package dev.kvern.runner.tier;

import java.nio.ByteBuffer;

/**
 * Where the memory comes from that chunks lie in on the host: ordinary memory, or page-locked memory that a GPU copies from and
 * to by itself, several times faster. Safe for use by several threads.
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

    /** A good size for the pieces of a large amount: small enough that the last one, which may not fit, is no great loss. */
    default int regionBytes() {
        return 64 << 20;
    }

    /** What can be had at most, for messages. */
    default String limit() {
        return "at most what java's -XX:MaxDirectMemorySize allows";
    }
}
