package dev.kvern.node.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/** Memory for a {@link ReadCache}: its segments are good for as long as this is referred to. */
@FunctionalInterface
public interface CacheMemory {
    /** Largest segment. */
    int MAX_SEGMENT_BYTES = 1 << 30;

    /** Buffers of equal capacity, a multiple of {@link PageSlab#PAGE_BYTES}. */
    List<ByteBuffer> segments();

    /** The file that the segments are, one after the other, for others on this machine to read; empty if there is none. */
    default Optional<Path> file() {
        return Optional.empty();
    }

    /**
     * Sizes of equal segments of whole pages, as a buffer has fewer than 2 GiB.
     *
     * @param bytes a multiple of a page's
     * @return together at most {@code bytes}
     */
    static List<Integer> segmentBytes(long bytes) {
        long count = (bytes + MAX_SEGMENT_BYTES - 1) / MAX_SEGMENT_BYTES;
        return count == 0
                ? List.of()
                : Collections.nCopies((int) count, (int) (bytes / count / PageSlab.PAGE_BYTES) * PageSlab.PAGE_BYTES);
    }

    /** The bytes of whole pages in {@code bytes}; 0 if a block of {@code largestBlock} bytes has no room in them. */
    static long wholePages(long bytes, int largestBlock) {
        long whole = bytes / PageSlab.PAGE_BYTES * PageSlab.PAGE_BYTES;
        return whole < largestBlock ? 0 : whole;
    }
}
