package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Keys and values have the same bits however much of the prompt came from elsewhere and wherever it lies. */
class BitIdentityTest {
    private static final int CHUNK = 64;
    private static final int BLOCK = 16;
    private static final int TOKENS = 5 * CHUNK + 23;
    private static final long SEED = 20260101;

    /** Wide enough that products are split among threads and into the kernels' blocks; windowed on some layers. */
    private static final String CONFIG = """
            {"architectures": ["Qwen3ForCausalLM"], "vocab_size": 500, "hidden_size": 256, "intermediate_size": 700,
             "num_hidden_layers": 3, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 32,
             "max_position_embeddings": 2048, "use_sliding_window": true, "sliding_window": 90, "max_window_layers": 2}
            """;

    @TempDir
    static Path directory;

    private static ModelDirectory checkpoint;
    private static int[] prompt;

    @BeforeAll
    static void write() {
        checkpoint = ModelDirectory.open(RandomCheckpoint.write(directory, CONFIG, SEED));
        prompt = new Random(SEED).ints(TOKENS, 0, 500).toArray();
    }

    static List<Path> fixtures() {
        return Fixtures.checkpoints();
    }

    @ParameterizedTest
    @CsvSource({"fp32, 1", "fp32, 2", "bf16, 2"})
    void restoredPrefixesGiveTheBitsOfTheColdRun(String type, int threads) {
        checkRestoredPrefixes(checkpoint, LoadOptions.of("cpu", type, threads, BLOCK));
    }

    @ParameterizedTest
    @MethodSource("fixtures")
    void everyFamilysBitsAreTheSame(Path fixture) {
        checkRestoredPrefixes(ModelDirectory.open(fixture), Fixtures.CPU_FP32);
    }

    private static void checkRestoredPrefixes(ModelDirectory directory, LoadOptions options) {
        int vocabulary = directory.config().vocabularySize();
        int[] tokens = Arrays.stream(prompt).map(id -> id % vocabulary).toArray();
        try (Transformer model = directory.load(options, ProgressListener.NONE);
                Run cold = new Run(model, 40, 1)) {
            float[] coldLogits = cold.prefill(0, tokens);
            for (int restored : new int[] {1, 3, 5}) {
                try (Run warm = new Run(model, 70, 2 + restored)) {
                    warm.restore(cold, restored * CHUNK / BLOCK);
                    float[] logits = warm.prefill(restored, tokens);
                    assertThat(logits).as("logits after %d chunks", restored).containsExactly(coldLogits);
                    for (int block = 0; block * BLOCK < TOKENS; block++) {
                        assertThat(warm.bytes(block, TOKENS))
                                .as("block %d after %d chunks restored", block, restored)
                                .isEqualTo(cold.bytes(block, TOKENS));
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {2, 3, 5})
    void severalChunksInOneCallHaveTheBitsOfOneAfterTheOther(int chunks) {
        try (Transformer model = checkpoint.load(Fixtures.CPU_FP32, ProgressListener.NONE);
                Run single = new Run(model, 40, 1);
                Run several = new Run(model, 40, 0)) {
            float[] expected = single.prefill(0, prompt);
            float[] logits = {};
            for (int start = 0; start < prompt.length; ) {
                int whole = Math.min(chunks, (prompt.length - start) / CHUNK);
                int rows = Math.max(1, whole) * CHUNK;
                int end = Math.min(prompt.length, start + rows);
                logits = model.step(
                        several.kv,
                        several.table,
                        start,
                        Arrays.copyOfRange(prompt, start, end),
                        rows,
                        end == prompt.length ? 1 : 0);
                start = end;
            }
            assertThat(logits).containsExactly(expected);
            for (int block = 0; block * BLOCK < TOKENS; block++) {
                assertThat(several.bytes(block, TOKENS)).as("block %d", block).isEqualTo(single.bytes(block, TOKENS));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 15, 16, 17, 63})
    void paddingDoesNotChangeTheValuesBeforeIt(int tail) {
        try (Transformer model = checkpoint.load(Fixtures.CPU_FP32, ProgressListener.NONE);
                Run whole = new Run(model, 40, 1);
                Run cut = new Run(model, 33, 2)) {
            whole.prefill(0, prompt);
            cut.prefill(0, Arrays.copyOf(prompt, 2 * CHUNK + tail));
            for (int block = 0; block * BLOCK < 2 * CHUNK + tail; block++) {
                assertThat(cut.bytes(block, 2 * CHUNK + tail)).isEqualTo(whole.bytes(block, 2 * CHUNK + tail));
            }
        }
    }

    /** Products take more rows than some of these numbers: nothing of that may be seen. */
    @ParameterizedTest
    @ValueSource(ints = {2, 31, 32, 33, 39, 40, 41, 63})
    void aTailOnItsOwnRowsComesToWhatItDoesOnAChunks(int tail) {
        try (Transformer model = checkpoint.load(Fixtures.CPU_FP32, ProgressListener.NONE);
                Run padded = new Run(model, 40, 1);
                Run own = new Run(model, 40, 2)) {
            int[] tokens = Arrays.copyOf(prompt, CHUNK + tail);
            float[] expected = padded.prefill(0, tokens);
            own.restore(padded, CHUNK / BLOCK);
            float[] logits =
                    model.step(own.kv, own.table, CHUNK, Arrays.copyOfRange(tokens, CHUNK, tokens.length), tail, 1);
            assertThat(logits).containsExactly(expected, within(1e-4f));
        }
    }

    /** A sequence in a pool full of NaN, its blocks in a random order, or side by side for seed 0. */
    private static final class Run implements AutoCloseable {
        private final Transformer model;
        private final KvMemory kv;
        private final int[] table;

        Run(Transformer model, int blocks, long seed) {
            this.model = model;
            this.kv = model.allocate(blocks);
            byte[] nan = new byte[kv.blockBytes()];
            Arrays.fill(nan, (byte) 0xff);
            IntStream.range(0, blocks).forEach(block -> kv.write(block, ByteBuffer.wrap(nan)));
            List<Integer> order =
                    new ArrayList<>(IntStream.range(0, blocks).boxed().toList());
            if (seed != 0) {
                Collections.shuffle(order, new Random(seed));
            }
            table = order.stream().mapToInt(Integer::intValue).toArray();
        }

        void restore(Run from, int blocks) {
            for (int block = 0; block < blocks; block++) {
                ByteBuffer bytes = ByteBuffer.allocateDirect(kv.blockBytes());
                from.kv.read(from.table[block], bytes);
                assertThat(bytes.hasRemaining()).isFalse();
                kv.write(table[block], bytes.flip());
                assertThat(bytes.hasRemaining()).isFalse();
            }
        }

        float[] prefill(int firstChunk, int[] tokens) {
            float[] logits = {};
            for (int start = firstChunk * CHUNK; start < tokens.length; start += CHUNK) {
                int end = Math.min(start + CHUNK, tokens.length);
                logits = model.step(
                        kv, table, start, Arrays.copyOfRange(tokens, start, end), CHUNK, end == tokens.length ? 1 : 0);
            }
            return logits;
        }

        /** The bytes of those of the block's tokens that come before {@code end}: [layer][key, value][token]. */
        byte[] bytes(int block, int end) {
            ByteBuffer all = ByteBuffer.allocate(kv.blockBytes());
            kv.read(table[block], all);
            int valid = Math.min(BLOCK, end - block * BLOCK);
            int groups = 2 * model.spec().layers();
            int groupBytes = kv.blockBytes() / groups;
            ByteBuffer part = ByteBuffer.allocate(groups * groupBytes / BLOCK * valid);
            for (int group = 0; group < groups; group++) {
                part.put(all.array(), group * groupBytes, groupBytes / BLOCK * valid);
            }
            return part.array();
        }

        @Override
        public void close() {
            kv.close();
        }
    }
}
