package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Weights with a number that is none, in the real program. */
class NotFiniteModelTest {
    private static final int BROKEN = 7;
    private static final int VOCABULARY = 64;
    private static final int[] HEALTHY = IntStream.range(10, 42).toArray();

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource({"fp32, NaN", "fp32, Infinity", "bf16, NaN", "bf16, -Infinity", "fp16, NaN", "int8, NaN"})
    void keysAndValuesThatAreNoNumbersFailTheStepThatWritesThem(String type, float value) {
        try (Transformer model = load(type, "model.embed_tokens.weight", value);
                KvMemory kv = model.allocate(16)) {
            int[] table = IntStream.range(0, 16).toArray();
            assertFinite(model.step(kv, table, 0, HEALTHY, 32, 1));
            int[] tokens = HEALTHY.clone();
            tokens[20] = BROKEN;
            assertThatExceptionOfType(NotFiniteException.class)
                    .isThrownBy(() -> model.step(kv, table, 32, tokens, 32, 0))
                    .withMessageMatching("keys or values of layer \\d at positions 32 to 63: .*");
            // The same blocks serve whoever has them next.
            assertFinite(model.step(kv, table, 32, HEALTHY, 32, 1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"fp32", "bf16", "int8"})
    void aRowThatIsNoNumberLeavesTheOthersOfItsBatchAlone(String type) {
        float[] alone;
        float[] beside;
        try (Transformer model = load(type, "model.embed_tokens.weight", Float.NaN);
                KvMemory kv = model.allocate(32)) {
            // Blocks that are not side by side, and tables of different lengths.
            int[] first = {9, 2, 17};
            int[] second = {0, 5, 11, 30, 7};
            model.step(kv, first, 0, HEALTHY, 32, 0);
            model.step(kv, second, 0, HEALTHY, 32, 0);
            model.step(kv, second, 32, HEALTHY, 32, 0);
            alone = model.decode(kv, List.of(new DecodeRow(first, 32, 12), new DecodeRow(second, 64, 13)));
            assertFinite(alone);
            beside = model.decode(kv, List.of(new DecodeRow(first, 32, 12), new DecodeRow(second, 64, BROKEN)));
        }
        assertThat(Arrays.copyOf(beside, VOCABULARY)).isEqualTo(Arrays.copyOf(alone, VOCABULARY));
        assertThat(beside[VOCABULARY + 3]).isNaN();
        assertThatExceptionOfType(NotFiniteException.class)
                .isThrownBy(() -> NotFiniteException.requireFinite(beside, VOCABULARY, VOCABULARY, 64))
                .withMessage("logit of token 0 after position 64: NaN");
    }

    @Test
    void verifyingSuchAModelSaysSo() {
        Path reference = directory.resolve("reference.safetensors");
        RandomCheckpoint.writeFile(
                reference,
                Map.of(
                        "input_ids",
                        new RandomCheckpoint.Tensor("I64", List.of(1L), new byte[] {BROKEN, 0, 0, 0, 0, 0, 0, 0}),
                        "logits",
                        new RandomCheckpoint.Tensor("F32", List.of(1L, 64L), new byte[4 * VOCABULARY])));
        try (Transformer model = load("fp32", "model.embed_tokens.weight", Float.NaN)) {
            assertThatExceptionOfType(KvernException.class)
                    .isThrownBy(() -> LogitsVerification.run(model, reference))
                    .withMessageStartingWith("model LlamaForCausalLM ")
                    .withMessageContaining(
                            "keys or values of layer 0 at positions 0 to 0: NaN (expected: finite numbers)");
        }
    }

    @Test
    void logitsAreLeftToTheCaller() {
        try (Transformer model = load("fp32", "lm_head.weight", Float.POSITIVE_INFINITY);
                KvMemory kv = model.allocate(16)) {
            float[] logits = model.step(kv, new int[] {0, 1}, 0, HEALTHY, 32, 1);
            assertThat(Float.isFinite(logits[BROKEN])).isFalse();
            assertThatExceptionOfType(NotFiniteException.class)
                    .isThrownBy(() -> NotFiniteException.requireFinite(logits, 0, VOCABULARY, 31))
                    .withMessageStartingWith("logit of token 7 after position 31: ");
        }
    }

    /** A model in one of whose matrices a row begins with {@code value}. */
    private Transformer load(String type, String tensor, float value) {
        Map<String, RandomCheckpoint.Tensor> tensors =
                RandomCheckpoint.writeConfig(directory, RandomCheckpoint.SMALL_CONFIG, 3);
        tensors.computeIfPresent(tensor, (name, matrix) -> {
            byte[] bytes = matrix.bytes().clone();
            ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putFloat(BROKEN * bytes.length / VOCABULARY, value);
            return new RandomCheckpoint.Tensor(matrix.type(), matrix.shape(), bytes);
        });
        RandomCheckpoint.writeFile(directory.resolve("model.safetensors"), tensors);
        return ModelDirectory.open(directory)
                .load(LoadOptions.of("cpu", type, 1, 16).withChunkTokens(32), ProgressListener.NONE);
    }

    private static void assertFinite(float[] logits) {
        for (float logit : logits) {
            assertThat(Float.isFinite(logit)).isTrue();
        }
    }
}
