package dev.kvern.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvern.block.ModelDigest;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.ModelSpec;
import dev.kvern.runner.model.Transformer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class PoolSizeTest {
    /** Of 16 tokens: 2 layers, keys and values, 2 heads of 8, bf16. */
    private static final int BLOCK_BYTES = 16 * 2 * 2 * 2 * 8 * 2;

    private final List<String> asked = new ArrayList<>();

    /** A model on a device that has so much left once the largest steps were tried; or on the host. */
    private final class Model implements Transformer {
        private final OptionalLong free;

        Model(OptionalLong free) {
            this.free = free;
        }

        @Override
        public ModelSpec spec() {
            return new ModelSpec(
                    "Llama", 512, 64, 2, 2, 8, "bf16", "bf16", ModelDigest.of(ByteString.copyFrom(new byte[32])));
        }

        @Override
        public void rehearse(int rows, int sequences) {
            asked.add("rehearse " + rows + ", " + sequences);
        }

        @Override
        public OptionalLong freeDeviceBytes() {
            asked.add("free");
            return free;
        }

        @Override
        public KvMemory allocate(int blocks) {
            throw new AssertionError("allocates nothing");
        }

        @Override
        public float[] step(KvMemory kv, int[] blockTable, int position, int[] tokens, int rows, int logitRows) {
            throw new AssertionError("computes nothing");
        }

        @Override
        public void close() {}
    }

    private int blocks(OptionalLong free, String... overrides) throws Exception {
        var all = new ArrayList<>(List.of("model.path=m"));
        all.addAll(List.of(overrides));
        RunnerConfig config = RunnerConfig.loader().load(null, all).config();
        return PoolSize.blocks(config.kv(), config.engineOptions(), new Model(free));
    }

    @Test
    void aNumberOfBytesHoldsWhateverIsFree() throws Exception {
        assertThat(blocks(OptionalLong.of(1), "kv.pool_bytes=1048576")).isEqualTo((1 << 20) / BLOCK_BYTES);
        assertThat(asked).isEmpty();
    }

    @Test
    void inHostMemoryItIsAFixedSize() throws Exception {
        assertThat(blocks(OptionalLong.empty())).isEqualTo((256 << 20) / BLOCK_BYTES);
    }

    @Test
    void onADeviceItIsAPartOfWhatComputingLeaves() throws Exception {
        assertThat(blocks(OptionalLong.of(1000L * BLOCK_BYTES), "kv.pool_fraction=0.75"))
                .isEqualTo(750);
        // The largest step first, since it takes memory too: four chunks of 64, 16 requests.
        assertThat(asked).containsExactly("rehearse 256, 16", "free");
    }

    @Test
    void itHasRoomForAChunk() {
        // 4 blocks of a chunk, and one to decode in.
        assertThatThrownBy(() -> blocks(OptionalLong.of(5L * BLOCK_BYTES)))
                .isInstanceOf(KvernException.class)
                .hasMessageStartingWith("kv.pool_fraction: 0.9 of the " + 5 * BLOCK_BYTES + " bytes that weights and"
                        + " computing leave free (expected: at least " + 5 * BLOCK_BYTES + ", 5 blocks of "
                        + BLOCK_BYTES + " bytes");
    }
}
