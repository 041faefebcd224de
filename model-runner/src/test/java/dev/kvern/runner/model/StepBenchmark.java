package dev.kvern.runner.model;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Prefill and decode rates of a small Llama, printed: {@code -Dtest=StepBenchmark -Dtest.jvm.args="-Dkvern.benchmark=1"}.
 * No pass mark, since the machine decides.
 */
@EnabledIfSystemProperty(named = "kvern.benchmark", matches = ".+")
class StepBenchmark {
    private static final String CONFIG = """
            {"architectures": ["LlamaForCausalLM"], "vocab_size": 4096, "hidden_size": 256, "intermediate_size": 768,
             "num_hidden_layers": 10, "num_attention_heads": 8, "num_key_value_heads": 2, "head_dim": 32,
             "max_position_embeddings": 8192}
            """;

    @Test
    void measure(@TempDir Path directory) {
        ModelDirectory checkpoint = ModelDirectory.open(RandomCheckpoint.write(directory, CONFIG, 1));
        int[] prompt = new Random(1).ints(3000, 0, 4096).toArray();
        for (String type : new String[] {"fp32", "bf16"}) {
            try (Transformer model = checkpoint.load(LoadOptions.of("cpu", type, 2, 16), ProgressListener.NONE);
                    KvMemory kv = model.allocate(260)) {
                int[] table = IntStream.range(0, 260).map(i -> 259 - i).toArray();
                for (int round = 0; round < 4; round++) {
                    long start = System.nanoTime();
                    for (int p = 0; p < prompt.length; p += 64) {
                        int end = Math.min(p + 64, prompt.length);
                        model.step(kv, table, p, Arrays.copyOfRange(prompt, p, end), 64, end == prompt.length ? 1 : 0);
                    }
                    double prefill = (System.nanoTime() - start) / 1e9;
                    System.out.printf(
                            "%s prefill %.3f s, %.0f tokens/s; decode", type, prefill, prompt.length / prefill);
                    for (int context : new int[] {100, 1000, 3000}) {
                        int steps = 300;
                        start = System.nanoTime();
                        for (int i = 0; i < steps; i++) {
                            model.step(kv, table, context + i, new int[] {i}, 1, 1);
                        }
                        System.out.printf(
                                " at %d: %.0f tokens/s", context, steps / ((System.nanoTime() - start) / 1e9));
                    }
                    System.out.println();
                }
            }
        }
    }
}
