package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.data.Offset.offset;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TransformerTest {
    private static final long PAGE_BYTES = 4096;

    @TempDir
    Path directory;

    private ModelDirectory checkpoint;
    private Transformer model;
    private KvMemory kv;
    private int[] table;

    @BeforeEach
    void load() {
        checkpoint = ModelDirectory.open(RandomCheckpoint.write(directory, RandomCheckpoint.SMALL_CONFIG, 7));
        model = checkpoint.load(Fixtures.CPU_FP32, ProgressListener.NONE);
        kv = model.allocate(128);
        table = IntStream.range(0, 128).toArray();
    }

    @AfterEach
    void close() {
        kv.close();
        model.close();
    }

    @Test
    void saysWhatItIs() {
        ModelSpec spec = model.spec();
        assertThat(spec)
                .isEqualTo(new ModelSpec(
                        "LlamaForCausalLM",
                        2048,
                        64,
                        2,
                        2,
                        8,
                        "fp32",
                        "fp32",
                        checkpoint.digest(ProgressListener.NONE)));
        assertThat(kv.blockBytes()).isEqualTo(16 * spec.kvBytesPerToken());
    }

    @Test
    void loadingReportsProgress() {
        var done = new ArrayList<Long>();
        long total = 2 * checkpoint.weightBytes();
        checkpoint
                .load(Fixtures.CPU_FP32, (bytes, of) -> {
                    assertThat(of).isEqualTo(total);
                    done.add(bytes);
                })
                .close();
        assertThat(done).isSorted().last().isEqualTo(total);
    }

    @Test
    void logitsAreOfTheLastTokens() {
        int[] tokens = {1, 2, 3, 4, 5};
        float[] all = model.step(kv, table, 0, tokens, 8, 5);
        assertThat(all).hasSize(5 * 64);
        float[] last = model.step(kv, table, 0, tokens, 8, 2);
        assertThat(last).hasSize(2 * 64);
        for (int i = 0; i < last.length; i++) {
            assertThat(last[i]).isCloseTo(all[3 * 64 + i], offset(1e-5f));
        }
        assertThat(model.step(kv, table, 0, tokens, 8, 0)).isEmpty();
    }

    @Test
    void decodeAgreesWithPrefill() {
        int[] tokens = new Random(3).ints(100, 0, 64).toArray();
        float[] prefill = model.step(kv, table, 0, tokens, 128, 1);
        float[] decode = {};
        for (int i = 0; i < tokens.length; i++) {
            decode = model.step(kv, table, i, new int[] {tokens[i]}, 1, 1);
        }
        for (int i = 0; i < decode.length; i++) {
            assertThat(decode[i]).isCloseTo(prefill[i], offset(1e-4f));
        }
    }

    @Test
    void aBatchHasTheBitsOfEachSequenceAlone() {
        // Three sequences of different lengths, one with its blocks side by side, two scattered.
        int[][] tables = {{10, 11, 12, 13, 14}, {60, 33, 90, 2, 71}, {41, 40, 39, 38, 37}};
        int[] lengths = {70, 33, 16};
        var random = new Random(8);
        var rows = new ArrayList<DecodeRow>();
        float[][] alone = new float[3][];
        for (int i = 0; i < 3; i++) {
            int[] tokens = random.ints(lengths[i], 0, 64).toArray();
            model.step(kv, tables[i], 0, tokens, 128, 0);
            rows.add(new DecodeRow(tables[i], lengths[i], random.nextInt(64)));
            alone[i] = model.decode(kv, List.of(rows.get(i)));
        }
        float[] together = model.decode(kv, rows);
        for (int i = 0; i < 3; i++) {
            assertThat(Arrays.copyOfRange(together, i * 64, (i + 1) * 64))
                    .as("sequence %d", i)
                    .containsExactly(alone[i]);
        }
        assertThatIllegalArgumentException().isThrownBy(() -> model.decode(kv, List.of()));
    }

    @Test
    void refusesTokensOutsideTheVocabularyAndGoesOn() {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> model.step(kv, table, 0, new int[] {1, 64}, 64, 1))
                .withMessage("token id: 64 (expected: 0 to 63)")
                .matches(e -> e.reason() == ErrorReason.INVALID_ARGUMENT);
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> model.step(kv, table, 0, new int[] {-1}, 1, 1))
                .withMessageContaining("token id: -1");
        assertThat(model.step(kv, table, 0, new int[] {63}, 1, 1)).hasSize(64);
    }

    @Test
    void refusesWhatTheContractForbids() {
        int[] one = {1};
        assertThatIllegalArgumentException().isThrownBy(() -> model.step(kv, table, 0, new int[0], 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> model.step(kv, table, 0, new int[] {1, 2}, 1, 0));
        assertThatIllegalArgumentException().isThrownBy(() -> model.step(kv, table, 0, one, 1, 2));
        assertThatIllegalArgumentException().isThrownBy(() -> model.step(kv, new int[] {0}, 16, one, 1, 1));
        assertThatIllegalArgumentException().isThrownBy(() -> model.step(kv, new int[] {128}, 0, one, 1, 1));
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> model.step(kv, table, 2048, one, 1, 1))
                .withMessageContaining("context of 2048");
    }

    @Test
    void refusesMemoryOfAnotherModel() {
        try (Transformer other = checkpoint.load(Fixtures.CPU_FP32, ProgressListener.NONE);
                KvMemory foreign = other.allocate(1)) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> model.step(foreign, table, 0, new int[] {1}, 1, 1))
                    .withMessageContaining("another model");
        }
    }

    @Test
    void memoryThatIsNotThereIsRefusedWithWhatIs() {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> model.allocate(Integer.MAX_VALUE))
                .withMessageMatching(
                        "KV pool: " + 4_096L * Integer.MAX_VALUE + " bytes, 2147483647 blocks of 4096, on cpu:"
                                + " \\d+ bytes of memory are free \\(expected: a pool that fits .*kv.pool_bytes.*")
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
        try (KvMemory after = model.allocate(1)) {
            assertThat(after.blocks()).isEqualTo(1);
        }
    }

    @Test
    void closedMemoryIsNeverTouched() {
        kv.close();
        kv.close();
        assertThatIllegalStateException().isThrownBy(() -> kv.read(0, ByteBuffer.allocate(kv.blockBytes())));
        assertThatIllegalStateException().isThrownBy(() -> kv.write(0, ByteBuffer.allocate(kv.blockBytes())));
        assertThatIllegalStateException().isThrownBy(() -> model.step(kv, table, 0, new int[] {1}, 1, 1));
        model.close();
        assertThatIllegalStateException().isThrownBy(() -> model.step(kv, table, 0, new int[] {1}, 1, 1));
    }

    @Test
    void blocksAreCopiedAtTheBuffersPosition() {
        byte[] bytes = new byte[kv.blockBytes() + 8];
        new Random(1).nextBytes(bytes);
        ByteBuffer source = ByteBuffer.wrap(bytes).position(3);
        kv.write(100, source);
        assertThat(source.remaining()).isEqualTo(5);
        ByteBuffer target = ByteBuffer.allocate(kv.blockBytes() + 8).position(3);
        kv.read(100, target);
        assertThat(target.remaining()).isEqualTo(5);
        assertThat(target.slice(3, kv.blockBytes())).isEqualTo(ByteBuffer.wrap(bytes, 3, kv.blockBytes()));
        assertThatIllegalArgumentException().isThrownBy(() -> kv.read(128, ByteBuffer.allocate(kv.blockBytes())));
        assertThatIllegalArgumentException().isThrownBy(() -> kv.write(0, ByteBuffer.allocate(kv.blockBytes() - 1)));
    }

    /** A window much narrower than the rows, so that whole tiles of the attention kernel are masked for a row. */
    @Test
    void manyRowsWithANarrowWindowAgreeWithFew(@TempDir Path windowed) {
        String config = RandomCheckpoint.SMALL_CONFIG
                .replace("Llama", "Mistral")
                .replace("\"hidden_act\"", "\"sliding_window\": 5, \"hidden_act\"");
        int[] tokens = new Random(5).ints(1100, 0, 64).toArray();
        try (Transformer mistral = ModelDirectory.open(RandomCheckpoint.write(windowed, config, 9))
                        .load(Fixtures.CPU_FP32, ProgressListener.NONE);
                KvMemory memory = mistral.allocate(128)) {
            float[] atOnce = mistral.step(memory, table, 0, tokens, tokens.length, 1);
            float[] inSteps = {};
            for (int token = 0; token < tokens.length; token++) {
                inSteps = mistral.step(memory, table, token, new int[] {tokens[token]}, 1, 1);
            }
            for (int i = 0; i < atOnce.length; i++) {
                assertThat(inSteps[i]).isCloseTo(atOnce[i], offset(1e-4f));
            }
        }
    }

    @Test
    void twoThousandStepsLeaveNoMemoryBehind() throws IOException {
        run(300);
        long before = residentBytes();
        run(2000);
        assertThat(residentBytes() - before)
                .as("growth of resident memory in bytes")
                .isLessThan(48L << 20);
    }

    private void run(int steps) {
        for (int i = 0; i < steps; i++) {
            model.step(kv, table, i % 2000, new int[] {i % 64}, 1, 1);
        }
    }

    private static long residentBytes() throws IOException {
        return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * PAGE_BYTES;
    }

    @Test
    void aMissingCudaDeviceIsTheOperatorsToMend() {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> checkpoint.load(LoadOptions.of("cuda:99", "auto", 0, 16), ProgressListener.NONE))
                .withMessageStartingWith("device: cuda:99 (expected:")
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    @Test
    void badOptionsAreNamed() {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> LoadOptions.of("tpu", "fp32", 0, 16))
                .withMessage("device: 'tpu' (expected: cpu, cuda or cuda:N)");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> LoadOptions.of("cpu", "fp8", 0, 16))
                .withMessage("compute_dtype: 'fp8' (expected: auto, fp32, bf16, fp16 or int8 on the CPU)");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> LoadOptions.of("cuda", "int8", 0, 16))
                .withMessage("compute_dtype: 'int8' (expected: auto, bf16, fp16 or fp32)");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> LoadOptions.of("cpu", "fp32", -1, 16))
                .withMessageContaining("threads: -1");
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> model.allocate(0))
                .withMessageContaining("KV blocks: 0");
    }
}
