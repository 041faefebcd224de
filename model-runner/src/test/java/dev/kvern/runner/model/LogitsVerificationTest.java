package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LogitsVerificationTest {
    private static final int TOKENS = 70;
    private static final int VOCABULARY = 64;

    @TempDir
    Path directory;

    private Transformer model;

    @BeforeEach
    void load() {
        model = Fixtures.load(RandomCheckpoint.write(directory, RandomCheckpoint.SMALL_CONFIG, 7));
    }

    @AfterEach
    void close() {
        model.close();
    }

    private Path reference(long[] ids, float[] logits, List<Long> shape) {
        ByteBuffer idBytes = ByteBuffer.allocate(ids.length * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        idBytes.asLongBuffer().put(ids);
        ByteBuffer logitBytes = ByteBuffer.allocate(logits.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
        logitBytes.asFloatBuffer().put(logits);
        Path path = directory.resolve("reference.safetensors");
        RandomCheckpoint.writeFile(
                path,
                Map.of(
                        "input_ids",
                        new RandomCheckpoint.Tensor("I64", List.of((long) ids.length), idBytes.array()),
                        "logits",
                        new RandomCheckpoint.Tensor("F32", shape, logitBytes.array())));
        return path;
    }

    private void refused(Path reference, String message) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> LogitsVerification.run(model, reference))
                .withMessageContaining(message)
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    /** Only the arithmetic of the comparison is at stake here: whether the logits are right, ReferenceTest asks others. */
    @Test
    void measuresDifferencesAndAgreements() {
        long[] ids =
                IntStream.range(0, TOKENS).mapToLong(i -> i * 7 % VOCABULARY).toArray();
        int[] tokens = IntStream.range(0, TOKENS).map(i -> (int) ids[i]).toArray();
        float[] logits;
        try (KvMemory kv = model.allocate(8)) {
            logits = model.step(kv, IntStream.range(0, 8).toArray(), 0, tokens, 128, TOKENS);
        }
        float max = Float.NEGATIVE_INFINITY;
        float min = Float.POSITIVE_INFINITY;
        for (float logit : logits) {
            max = Math.max(max, logit);
            min = Math.min(min, logit);
        }
        float lead = 2 * (max - min);
        logits[5 * VOCABULARY + (GreedyLoop.largest(row(logits, 5)) + 1) % VOCABULARY] += lead;
        LogitsVerification result =
                LogitsVerification.run(model, reference(ids, logits, List.of((long) TOKENS, (long) VOCABULARY)));
        assertThat(result.tokens()).isEqualTo(TOKENS);
        assertThat(result.greedyAgreements()).isEqualTo(TOKENS - 1);
        assertThat(result.maxAbsolute()).isBetween(lead * 0.999, lead * 1.001);
        assertThat(result.maxRelative()).isBetween(lead / (3.001 * (max - min)), 1.0);

        logits[9] = Float.NaN;
        assertThat(LogitsVerification.run(model, reference(ids, logits, List.of((long) TOKENS, (long) VOCABULARY)))
                        .maxAbsolute())
                .isNaN();
    }

    private static float[] row(float[] logits, int row) {
        return Arrays.copyOfRange(logits, row * VOCABULARY, (row + 1) * VOCABULARY);
    }

    @Test
    void refusesReferencesThatDoNotFit() {
        refused(
                reference(new long[] {1}, new float[63], List.of(1L, 63L)),
                "logits: F32 [1, 63] (expected: F32 [1, 64])");
        refused(reference(new long[] {64}, new float[64], List.of(1L, 64L)), "input_ids: 64 (expected: 0 to 63)");
        refused(
                reference(new long[0], new float[0], List.of(0L, 64L)),
                "input_ids: I64 [0] (expected: I64 [1 to 2048])");
        refused(directory.resolve("none.safetensors"), "none.safetensors: cannot be read");
        refused(directory.resolve("model.safetensors"), "tensor input_ids: missing");
    }
}
