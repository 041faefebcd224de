package dev.kvern.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.torch.PinnedMemory;
import dev.kvern.runner.tier.HostAllocator;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What holds for every kind of host memory; for page-locked memory only where there is a GPU. */
class HostAllocatorTest {
    private static final int BYTES = 1 << 20;

    private static List<HostAllocator> allocators() {
        var all = new ArrayList<>(List.of(HostAllocator.DIRECT));
        if (hasCuda()) {
            all.add(new PinnedAllocator(PinnedMemory.open()));
        }
        return all;
    }

    /** Whether this PyTorch is a CUDA build, as a user of one says by these variables. */
    private static boolean hasCuda() {
        return System.getenv("PYTORCH_FLAVOR") != null;
    }

    @Test
    void buffersAreNativeMemoryOfTheirOwn() {
        for (HostAllocator allocator : allocators()) {
            ByteBuffer one = allocator.allocate(BYTES);
            ByteBuffer other = allocator.allocate(BYTES);
            assertThat(one.isDirect()).isTrue();
            assertThat(one.capacity()).isEqualTo(BYTES);
            assertThat(one.remaining()).isEqualTo(BYTES);
            byte[] content = new byte[BYTES];
            new Random(4).nextBytes(content);
            one.put(content).flip();
            other.put(new byte[BYTES]).flip();
            assertThat(one).isEqualTo(ByteBuffer.wrap(content));
            assertThat(one.slice(100, 50)).isEqualTo(ByteBuffer.wrap(content, 100, 50));
            assertThat(allocator.regionBytes()).isPositive();
        }
    }

    @Test
    void withoutACudaBuildThereIsNoPageLockedMemory() {
        assumeThat(hasCuda()).isFalse();
        assertThatThrownBy(PinnedMemory::open)
                .isInstanceOfSatisfying(
                        KvernException.class, e -> assertThat(e.reason()).isEqualTo(ErrorReason.MISCONFIGURED))
                .hasMessageStartingWith("page-locked memory: PyTorch has none (expected: a CUDA build)");
    }
}
