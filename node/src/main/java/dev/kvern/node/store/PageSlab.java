package dev.kvern.node.store;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Memory in pages of one size. What is kept in it lies in as many pages as it needs, wherever they are, so that no free page
 * is ever of no use. Confined to whoever guards it, but for the pages' bytes.
 */
public final class PageSlab {
    public static final int PAGE_BYTES = 64 << 10;

    /** Referred to for as long as its segments are used. */
    private final CacheMemory memory;

    private final List<ByteBuffer> segments;
    private final int pagesPerSegment;
    private final int[] free;
    private int freeCount;

    PageSlab(CacheMemory memory) {
        this.memory = memory;
        this.segments = List.copyOf(memory.segments());
        this.pagesPerSegment = segments.isEmpty() ? 1 : segments.get(0).capacity() / PAGE_BYTES;
        this.freeCount = segments.size() * pagesPerSegment;
        this.free = new int[freeCount];
        for (int i = 0; i < freeCount; i++) {
            // The lowest page is taken first, so that neighbours stay neighbours for a while.
            free[i] = freeCount - 1 - i;
        }
    }

    static int pagesFor(int bytes) {
        return (bytes + PAGE_BYTES - 1) / PAGE_BYTES;
    }

    int pages() {
        return free.length;
    }

    int freePages() {
        return freeCount;
    }

    /** So many pages; null if there are fewer. */
    int @Nullable [] take(int count) {
        if (count > freeCount) {
            return null;
        }
        int[] taken = new int[count];
        for (int i = 0; i < count; i++) {
            taken[i] = free[--freeCount];
        }
        return taken;
    }

    void give(int[] pages) {
        for (int i = pages.length - 1; i >= 0; i--) {
            free[freeCount++] = pages[i];
        }
    }

    /** Where a page begins, were all segments one. */
    static long offset(int page) {
        return (long) page * PAGE_BYTES;
    }

    /** The file that the pages are, if others can read them. */
    Optional<Path> file() {
        return memory.file();
    }

    /** A page's bytes. */
    ByteBuffer page(int page) {
        return segments.get(page / pagesPerSegment).slice(page % pagesPerSegment * PAGE_BYTES, PAGE_BYTES);
    }
}
