package dev.kvern.node.ignite;

import dev.kvern.node.store.CacheMemory;
import java.lang.ref.Cleaner;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import org.apache.ignite.internal.util.GridUnsafe;

/**
 * Memory that is taken as Ignite takes that of its regions: not as Java's direct buffers are, so that it need not be allowed
 * for by a flag of the JVM as well. Freed once nobody refers to this any more, as who closes a node cannot know whether
 * somebody still reads.
 */
public final class OffHeapMemory implements CacheMemory {
    private static final Cleaner CLEANER = Cleaner.create();

    private final List<ByteBuffer> segments;

    private OffHeapMemory(List<ByteBuffer> segments) {
        this.segments = segments;
    }

    /**
     * Takes memory.
     *
     * @param bytes a multiple of a page's
     * @throws OutOfMemoryError if the machine has no more
     */
    public static OffHeapMemory allocate(long bytes) {
        var segments = new ArrayList<ByteBuffer>();
        var addresses = new ArrayList<Long>();
        for (int size : CacheMemory.segmentBytes(bytes)) {
            long address = GridUnsafe.allocateMemory(size);
            addresses.add(address);
            segments.add(GridUnsafe.wrapPointer(address, size).order(ByteOrder.BIG_ENDIAN));
        }
        var memory = new OffHeapMemory(segments);
        CLEANER.register(memory, () -> addresses.forEach(GridUnsafe::freeMemory));
        return memory;
    }

    @Override
    public List<ByteBuffer> segments() {
        return segments;
    }
}
