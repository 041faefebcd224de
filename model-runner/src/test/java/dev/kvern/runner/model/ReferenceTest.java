package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.model.safetensors.SafetensorsFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Every checkpoint against transformers: prefill, decode step by step, and what greedy decoding says. */
class ReferenceTest {
    private static final double TOLERANCE = 1e-4;

    static List<Path> checkpoints() {
        return Fixtures.checkpoints();
    }

    @ParameterizedTest
    @MethodSource("checkpoints")
    void agreesWithTransformersInFp32(Path checkpoint) {
        try (Transformer model = Fixtures.load(checkpoint)) {
            for (Path reference : Fixtures.references(checkpoint)) {
                LogitsVerification result = LogitsVerification.run(model, reference);
                assertThat(result.maxRelative()).as(reference + ": " + result).isLessThan(TOLERANCE);
                checkDecode(model, reference);
            }
            checkGreedy(model, checkpoint);
        }
    }

    /** The same logits a token at a time, from the first one on. */
    private static void checkDecode(Transformer model, Path reference) {
        try (SafetensorsFile file = SafetensorsFile.open(reference)) {
            int[] tokens = Fixtures.ids(file, "input_ids");
            float[] expected = Fixtures.floats(file, "logits");
            var rows = new ArrayList<float[]>();
            try (KvMemory kv = model.allocate((tokens.length + 15) / 16)) {
                int[] table = IntStream.range(0, kv.blocks()).toArray();
                for (int i = 0; i < tokens.length; i++) {
                    rows.add(model.step(kv, table, i, new int[] {tokens[i]}, 1, 1));
                }
            }
            assertThat(largestDifference(rows, expected) / spread(expected))
                    .as("%s decode", reference)
                    .isLessThan(TOLERANCE);
        }
    }

    private static void checkGreedy(Transformer model, Path checkpoint) {
        try (SafetensorsFile file = SafetensorsFile.open(checkpoint.resolve("greedy.safetensors"))) {
            int[] prompt = Fixtures.ids(file, "prompt_ids");
            int[] expected = Fixtures.ids(file, "output_ids");
            float[] logits = Fixtures.floats(file, "step_logits");
            try (var greedy = new GreedyLoop(model, prompt.length + expected.length)) {
                GreedyLoop.Output output = greedy.run(prompt, expected.length);
                assertThat(output.tokens()).as("%s greedy tokens", checkpoint).containsExactly(expected);
                assertThat(largestDifference(output.logits(), logits) / spread(logits))
                        .as("%s greedy logits", checkpoint)
                        .isLessThan(TOLERANCE);
            }
        }
    }

    private static double largestDifference(List<float[]> got, float[] expected) {
        double largest = 0;
        int next = 0;
        for (float[] row : got) {
            for (float value : row) {
                largest = Math.max(largest, Math.abs((double) value - expected[next++]));
            }
        }
        assertThat(next).isEqualTo(expected.length);
        return largest;
    }

    private static double spread(float[] values) {
        float min = Float.POSITIVE_INFINITY;
        float max = Float.NEGATIVE_INFINITY;
        for (float value : values) {
            min = Math.min(min, value);
            max = Math.max(max, value);
        }
        return (double) max - min;
    }
}
