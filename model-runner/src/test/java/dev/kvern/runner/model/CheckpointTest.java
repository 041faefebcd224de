package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatNoException;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointTest {
    @TempDir
    Path directory;

    private Map<String, RandomCheckpoint.Tensor> tensors;

    @BeforeEach
    void write() {
        tensors = RandomCheckpoint.writeConfig(directory, RandomCheckpoint.SMALL_CONFIG, 1);
    }

    private void refused(String message) {
        assertThatExceptionOfType(KvernException.class)
                .isThrownBy(() -> ModelDirectory.open(directory))
                .withMessageContaining(message)
                .matches(e -> e.reason() == ErrorReason.MISCONFIGURED);
    }

    private void writeSingle() {
        RandomCheckpoint.writeFile(directory.resolve("model.safetensors"), tensors);
    }

    @Test
    void namesWhatIsMissingAndWhatItExpected() {
        tensors.remove("model.layers.1.mlp.up_proj.weight");
        tensors.remove("lm_head.weight");
        writeSingle();
        refused("tensor lm_head.weight: missing (expected: [64, 32]);"
                + " tensor model.layers.1.mlp.up_proj.weight: missing (expected: [48, 32])");
    }

    @Test
    void namesWrongShapesAndTypes() {
        tensors.put("model.norm.weight", new RandomCheckpoint.Tensor("F32", List.of(16L), new byte[64]));
        tensors.put("lm_head.weight", new RandomCheckpoint.Tensor("U8", List.of(64L, 32L), new byte[64 * 32]));
        writeSingle();
        refused("tensor model.norm.weight: shape [16] (expected: [32])");
        refused("tensor lm_head.weight: dtype U8 (expected: F32, F16 or BF16)");
    }

    @Test
    void namesATruncatedFile() throws IOException {
        writeSingle();
        Path file = directory.resolve("model.safetensors");
        byte[] bytes = Files.readAllBytes(file);
        Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
        refused("model.safetensors: file size: " + bytes.length / 2 + " (expected: at least ");
    }

    @Test
    void readsShardsAndNamesAMissingOne() throws IOException {
        RandomCheckpoint.writeTwoShards(directory, tensors);
        assertThatNoException().isThrownBy(() -> ModelDirectory.open(directory));
        Files.delete(directory.resolve("model-00002-of-00002.safetensors"));
        refused("model-00002-of-00002.safetensors: cannot be read");
    }

    @Test
    void anIndexLeadsNowhereElse() {
        var index = new LinkedHashMap<String, String>();
        tensors.keySet().forEach(name -> index.put(name, "../model.safetensors"));
        RandomCheckpoint.writeIndex(directory, index);
        refused("a .safetensors file in the same directory");
    }

    @Test
    void saysWhenThereAreNoWeightsOrNoDirectory() {
        refused("a model.safetensors, or several with a model.safetensors.index.json");
        directory = directory.resolve("nowhere");
        refused("model directory: " + directory + " (expected: a directory with a config.json)");
    }
}
