package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.pytorch.engine.PtNDArray;
import ai.djl.pytorch.engine.PtNDManager;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds for the copies of pools in the host's memory and for those of pools elsewhere; both can be had on the CPU. */
class TorchKvMemoryTest {
    private static final int BLOCKS = 5;
    private static final int PLANES = 6;

    /** How blocks are copied. */
    enum Way {
        PLANES,
        STAGED
    }

    private final List<String> stream = new ArrayList<>();

    @ParameterizedTest
    @CsvSource({"PLANES, FP32", "PLANES, BF16", "STAGED, FP32", "STAGED, BF16", "STAGED, FP16"})
    void blocksKeepTheirBytes(Way way, ComputeType type) {
        with(way, type, kv -> {
            var random = new Random(11);
            byte[][] contents = new byte[BLOCKS][kv.blockBytes()];
            for (int block = 0; block < BLOCKS; block++) {
                random.nextBytes(contents[block]);
                ByteBuffer source = buffer(block % 2 == 0, kv.blockBytes() + 3);
                source.position(3).put(contents[block]).position(3);
                kv.write(block, source);
                assertThat(source.hasRemaining()).isFalse();
            }
            for (int block = 0; block < BLOCKS; block++) {
                ByteBuffer target = ByteBuffer.allocate(kv.blockBytes());
                kv.read(block, target);
                assertThat(target.array()).as("block %d", block).isEqualTo(contents[block]);
            }
        });
    }

    @ParameterizedTest
    @CsvSource({"PLANES, false", "PLANES, true", "STAGED, false", "STAGED, true"})
    void severalBlocksGoInTheOrderGiven(Way way, boolean heap) {
        with(way, ComputeType.BF16, kv -> {
            int size = kv.blockBytes();
            int[] order = {3, 0, 4};
            byte[] chunk = new byte[order.length * size];
            new Random(12).nextBytes(chunk);
            ByteBuffer source = buffer(heap, chunk.length + 1);
            source.position(1).put(chunk).position(1);
            kv.write(order, source);
            assertThat(source.hasRemaining()).isFalse();
            for (int i = 0; i < order.length; i++) {
                ByteBuffer one = buffer(heap, size);
                kv.read(order[i], one);
                assertThat(one.flip()).isEqualTo(ByteBuffer.wrap(chunk, i * size, size));
            }
            ByteBuffer all = buffer(heap, chunk.length + 2);
            all.position(2);
            kv.read(order, all);
            assertThat(all.hasRemaining()).isFalse();
            assertThat(all.position(2)).isEqualTo(ByteBuffer.wrap(chunk));
            ByteBuffer reversed = buffer(heap, 2 * size);
            kv.read(new int[] {4, 0}, reversed);
            assertThat(reversed.flip().limit(size)).isEqualTo(ByteBuffer.wrap(chunk, 2 * size, size));
        });
    }

    @ParameterizedTest
    @CsvSource({"PLANES", "STAGED"})
    void aChunkMustFit(Way way) {
        with(way, ComputeType.FP32, kv -> {
            int size = kv.blockBytes();
            assertThatThrownBy(() -> kv.read(new int[] {0, BLOCKS}, ByteBuffer.allocate(2 * size)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage("block 5 (expected: 0 to 4)");
            assertThatThrownBy(() -> kv.write(new int[] {0, 1}, ByteBuffer.allocate(2 * size - 1)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("buffer with " + (2 * size - 1) + " bytes (expected: at least " + 2 * size);
        });
    }

    /** What is read waits for the model's work before it; what arrives is on its way before it waits. */
    @Test
    void copiesWaitForTheModel() {
        with(Way.STAGED, ComputeType.FP32, kv -> {
            kv.read(1, ByteBuffer.allocateDirect(kv.blockBytes()));
            kv.write(1, ByteBuffer.allocateDirect(kv.blockBytes()));
            assertThat(stream)
                    .containsExactly(
                            "read: enter",
                            "read: await",
                            "read: leave",
                            "write: enter",
                            "write: await",
                            "write: leave");
        });
        assertThat(stream).endsWith("read: close", "write: close");
    }

    /** A thread that a failed copy left on the copies' stream would compute there. */
    @Test
    void aFailedCopyLeavesTheStream() {
        with(Way.STAGED, ComputeType.FP32, kv -> {
            failing = true;
            assertThatThrownBy(() -> kv.read(0, ByteBuffer.allocate(kv.blockBytes())))
                    .hasMessage("lost");
            assertThatThrownBy(() -> kv.write(0, ByteBuffer.allocate(kv.blockBytes())))
                    .hasMessage("lost");
            assertThat(stream)
                    .containsExactly(
                            "read: enter",
                            "read: await",
                            "read: leave",
                            "write: enter",
                            "write: await",
                            "write: leave");
        });
    }

    private boolean failing;

    private CopyStream recorded(String name) {
        return new CopyStream() {
            @Override
            public void enter() {
                stream.add(name + ": enter");
            }

            @Override
            public void awaitCompute() {
                stream.add(name + ": await");
                if (failing) {
                    throw new IllegalStateException("lost");
                }
            }

            @Override
            public void leave() {
                stream.add(name + ": leave");
            }

            @Override
            public void close() {
                stream.add(name + ": close");
            }
        };
    }

    private void with(Way way, ComputeType type, Consumer<KvMemory> test) {
        TorchRuntime.start(0);
        PtNDManager manager = TorchRuntime.newManager();
        int blockBytes = 3 * 2 * 4 * 2 * 8 * type.bytes();
        try (DecoderProgram program = DecoderProgram.load(manager)) {
            PtNDManager owner = TorchRuntime.newManager();
            PtNDArray pool = program.empty(owner, new long[] {3, 2, BLOCKS, 4, 2, 8}, type, DeviceSpec.CPU);
            BlockCopies copies = way == Way.PLANES
                    ? new PlaneCopies(program, owner, pool, BLOCKS, blockBytes, PLANES)
                    : new StagedCopies(
                            program,
                            owner,
                            pool,
                            blockBytes,
                            recorded("read"),
                            recorded("write"),
                            ByteBuffer::allocateDirect);
            try (KvMemory kv = new TorchKvMemory(program, owner, pool, copies, BLOCKS, 4, blockBytes)) {
                test.accept(kv);
            }
        } finally {
            manager.close();
        }
    }

    private static ByteBuffer buffer(boolean heap, int bytes) {
        return heap ? ByteBuffer.allocate(bytes) : ByteBuffer.allocateDirect(bytes);
    }
}
