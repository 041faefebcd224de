package dev.kvern.runner;

import dev.kvern.runner.model.torch.PinnedMemory;
import dev.kvern.runner.tier.HostAllocator;
import java.nio.ByteBuffer;

/** Page-locked memory as the tiers take it. Thread-safe. */
final class PinnedAllocator implements HostAllocator {
    /** PyTorch takes powers of two: the larger the pieces, the less is lost where chunks do not fill one. */
    private static final int REGION_BYTES = 1 << 30;

    private final PinnedMemory memory;

    PinnedAllocator(PinnedMemory memory) {
        this.memory = memory;
    }

    @Override
    public ByteBuffer allocate(int bytes) {
        return memory.allocate(bytes);
    }

    @Override
    public int regionBytes() {
        return REGION_BYTES;
    }

    @Override
    public String limit() {
        return "at most what this machine can page-lock";
    }
}
