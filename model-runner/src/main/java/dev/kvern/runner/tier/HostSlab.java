package dev.kvern.runner.tier;

import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Slots of one size in host memory, allocated once. Immutable, apart from the bytes, which whoever holds a slot guards. */
public final class HostSlab {
    private static final Logger log = LoggerFactory.getLogger(HostSlab.class);

    private final List<ByteBuffer> regions;
    private final int slotBytes;
    private final int slotsPerRegion;
    private final int slots;

    private HostSlab(List<ByteBuffer> regions, int slotBytes, int slotsPerRegion, int slots) {
        this.regions = List.copyOf(regions);
        this.slotBytes = slotBytes;
        this.slotsPerRegion = slotsPerRegion;
        this.slots = slots;
    }

    /**
     * Allocates all of it.
     *
     * @param bytes at most so many are used
     * @param exact whether fewer are an error; if not, what there is must do
     * @throws KvernException MISCONFIGURED if not even one slot fits, or {@code exact} and the memory is not there
     */
    public static HostSlab allocate(HostAllocator allocator, long bytes, int slotBytes, boolean exact) {
        long wanted = Math.min(bytes / slotBytes, Integer.MAX_VALUE);
        if (wanted == 0) {
            throw KvernException.misconfigured(
                    "host.bytes", bytes, "0, or at least " + slotBytes + ", one chunk of this model");
        }
        int perRegion = Math.max(1, allocator.regionBytes() / slotBytes);
        var regions = new ArrayList<ByteBuffer>();
        int slots = 0;
        while (slots < wanted) {
            int more = (int) Math.min(perRegion, wanted - slots);
            try {
                regions.add(allocator.allocate(more * slotBytes));
            } catch (OutOfMemoryError e) {
                String expected = allocator.limit();
                if (exact || slots == 0) {
                    throw KvernException.misconfigured("host.bytes", bytes, expected);
                }
                log.warn("host.bytes: {} of {} (expected: {})", (long) slots * slotBytes, bytes, expected);
                break;
            }
            slots += more;
        }
        return new HostSlab(regions, slotBytes, perRegion, slots);
    }

    int slots() {
        return slots;
    }

    int slotBytes() {
        return slotBytes;
    }

    /** The slot's memory, all of it to be read or written. */
    ByteBuffer slot(int slot) {
        return regions.get(slot / slotsPerRegion).slice(slot % slotsPerRegion * slotBytes, slotBytes);
    }
}
