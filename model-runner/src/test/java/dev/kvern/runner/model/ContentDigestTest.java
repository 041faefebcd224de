package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.ModelDigest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContentDigestTest {
    @TempDir
    Path root;

    private Path original;
    private Map<String, RandomCheckpoint.Tensor> tensors;
    private ModelDigest digest;

    @BeforeEach
    void write() {
        original = root.resolve("original");
        tensors = RandomCheckpoint.writeConfig(original, RandomCheckpoint.SMALL_CONFIG, 1);
        RandomCheckpoint.writeFile(original.resolve("model.safetensors"), tensors);
        digest = digest(original);
    }

    private static ModelDigest digest(Path directory) {
        return ModelDirectory.open(directory).digest(ProgressListener.NONE);
    }

    private ModelDigest digest(String config, Map<String, RandomCheckpoint.Tensor> weights) throws IOException {
        Path directory = Files.createTempDirectory(root, "other");
        Files.writeString(directory.resolve("config.json"), config);
        RandomCheckpoint.writeFile(directory.resolve("model.safetensors"), weights);
        return digest(directory);
    }

    @Test
    void isTheSameForTheSameContent() throws IOException {
        // A change here makes every stored block of every model unreachable: LAYOUT_VERSION's business.
        assertThat(digest.toHex()).isEqualTo("f63c2ec0373f24f2ae705a769d428ecb54abad255a19f5b3ecc78ea62ad11116");
        assertThat(digest(RandomCheckpoint.SMALL_CONFIG, tensors)).isEqualTo(digest);
    }

    @Test
    void doesNotDependOnFilesAndFormatting() throws IOException {
        Path sharded = root.resolve("sharded");
        RandomCheckpoint.writeConfig(sharded, RandomCheckpoint.SMALL_CONFIG, 1);
        RandomCheckpoint.writeTwoShards(sharded, tensors);
        assertThat(digest(sharded)).isEqualTo(digest);

        String reformatted = RandomCheckpoint.SMALL_CONFIG
                .replace("{", "{\n\n \"transformers_version\": \"9\", \"rope_parameters\": {\"rope_theta\": 1e4},")
                .replace("2048", "1024");
        var withExtra = new TreeMap<>(tensors);
        withExtra.put("a.rotary.inv_freq", new RandomCheckpoint.Tensor("F32", List.of(1L), new byte[4]));
        assertThat(digest(reformatted, withExtra)).isEqualTo(digest);
    }

    @Test
    void changesWithOneBitOfOneWeight() throws IOException {
        for (var tensor : tensors.entrySet()) {
            var changed = new TreeMap<>(tensors);
            byte[] bytes = tensor.getValue().bytes().clone();
            bytes[bytes.length - 1] ^= 1;
            changed.put(
                    tensor.getKey(),
                    new RandomCheckpoint.Tensor("F32", tensor.getValue().shape(), bytes));
            assertThat(digest(RandomCheckpoint.SMALL_CONFIG, changed))
                    .as(tensor.getKey())
                    .isNotEqualTo(digest);
        }
    }

    @Test
    void changesWithWhatEntersTheArithmetic() throws IOException {
        for (String change : List.of(
                "\"rms_norm_eps\": 1e-6",
                "\"rms_norm_eps\": 1e-5, \"rope_theta\": 10001",
                "\"rms_norm_eps\": 1e-5, \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2}")) {
            String config = RandomCheckpoint.SMALL_CONFIG.replace("\"rms_norm_eps\": 1e-5", change);
            assertThat(digest(config, tensors)).as(change).isNotEqualTo(digest);
        }
    }

    @Test
    void reportsProgress() {
        var done = new ArrayList<Long>();
        ModelDirectory directory = ModelDirectory.open(original);
        directory.digest((bytes, total) -> {
            assertThat(total).isEqualTo(directory.weightBytes());
            done.add(bytes);
        });
        assertThat(done).isSorted().last().isEqualTo(directory.weightBytes());
    }
}
