package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.model.ModelConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCostTest {
    /** Of the reference shape: query, key, value, output; gate, up, down; two norms. */
    private static final long LAYER = 768L * (768 + 2 * 256) + 768L * 768 + 3L * 768 * 2048 + 2 * 768;

    private static final long HEAD = 32_000L * 768;

    @Test
    void countsTheReferenceShape(@TempDir Path directory) throws IOException {
        Path file = Files.writeString(directory.resolve("config.json"), ModelShape.REFERENCE.configJson());
        ModelCost cost = ModelCost.of(ModelConfig.read(file));
        assertThat(cost).isEqualTo(new ModelCost(12 * LAYER, HEAD, 12 * 768));

        int kvBytes = 2 * 12 * 256 * 4;
        assertThat(cost.decodeBytes("fp32", kvBytes, 512)).isEqualTo(4.0 * (12 * LAYER + HEAD) + 512 * kvBytes);
        assertThat(cost.decodeBytes("bf16", kvBytes / 2, 512)).isEqualTo(2.0 * (12 * LAYER + HEAD) + 256 * kvBytes);
        assertThat(cost.decodeBytes("int8", 0, 512)).isEqualTo(12 * LAYER + HEAD);

        // A token alone: every weight once, and for each query value one product with a key and one with a value.
        assertThat(cost.prefillOperations(1)).isEqualTo(2.0 * (12 * LAYER + HEAD) + 4 * 12 * 768);
        // A second one sees two.
        assertThat(cost.prefillOperations(2) - cost.prefillOperations(1)).isEqualTo(2.0 * 12 * LAYER + 8 * 12 * 768);
    }
}
