package dev.kvern.runner.model.torch;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.pytorch.engine.PtNDManager;
import dev.kvern.runner.model.ComputeType;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TorchKvMemoryTest {
    private static final int BLOCKS = 5;

    /** A pool that claims to be on CUDA is copied through the program, wherever it is: so that path runs here too. */
    @ParameterizedTest
    @CsvSource({"cpu, FP32", "cpu, BF16", "cuda, FP32", "cuda, BF16", "cuda, FP16"})
    void blocksKeepTheirBytes(String device, ComputeType type) {
        TorchRuntime.start(0);
        PtNDManager manager = TorchRuntime.newManager();
        int blockBytes = 3 * 2 * 4 * 2 * 8 * type.bytes();
        try (DecoderProgram program = DecoderProgram.load(manager)) {
            PtNDManager owner = TorchRuntime.newManager();
            var pool = program.empty(owner, new long[] {3, 2, BLOCKS, 4, 2, 8}, type, DeviceSpec.CPU);
            try (KvMemory kv =
                    new TorchKvMemory(program, owner, pool, DeviceSpec.parse(device), BLOCKS, 4, blockBytes, 6)) {
                var random = new Random(11);
                byte[][] contents = new byte[BLOCKS][blockBytes];
                for (int block = 0; block < BLOCKS; block++) {
                    random.nextBytes(contents[block]);
                    ByteBuffer source = block % 2 == 0
                            ? ByteBuffer.allocate(blockBytes + 3)
                            : ByteBuffer.allocateDirect(blockBytes + 3);
                    source.position(3).put(contents[block]).position(3);
                    kv.write(block, source);
                    assertThat(source.hasRemaining()).isFalse();
                }
                for (int block = 0; block < BLOCKS; block++) {
                    ByteBuffer target = ByteBuffer.allocate(blockBytes);
                    kv.read(block, target);
                    assertThat(target.array()).as("block %d", block).isEqualTo(contents[block]);
                }
            }
        } finally {
            manager.close();
        }
    }
}
