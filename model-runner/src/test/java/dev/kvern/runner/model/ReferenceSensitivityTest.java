package dev.kvern.runner.model;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What {@link ReferenceTest} would notice: a configuration that is misread by one detail moves the logits a hundred times
 * further than it tolerates. For each tensor make_fixtures.py checks the same.
 */
class ReferenceSensitivityTest {
    private static final double NOTICED = 1e-2;
    private static final ObjectMapper MAPPER = new ObjectMapper();

    @TempDir
    Path directory;

    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            llama2-mha              | 1500 | {"rope_parameters": {"rope_theta": 10500}}
            llama2-mqa-biases       | 300  | {"rope_theta": 10000}
            llama2-mqa-biases       | 300  | {"rms_norm_eps": 1e-5}
            llama3-gqa-shards       | 1500 | {"rope_parameters": {"rope_type": "default"}}
            llama3-gqa-shards       | 1500 | {"rope_parameters": {"factor": 10}}
            llama3-gqa-shards       | 1500 | {"rope_parameters": {"original_max_position_embeddings": 2048}}
            llama3-gqa-shards       | 1500 | {"rope_parameters": {"high_freq_factor": 5}}
            llama3-tied             | 300  | {"rope_scaling": null}
            llama3-tied             | 300  | {"rope_scaling": {"rope_type": "linear"}}
            llama3-tied             | 300  | {"rope_scaling": {"low_freq_factor": 1.5}}
            linear-gqa              | 1500 | {"rope_scaling": null}
            linear-gqa              | 65   | {"rope_scaling": {"factor": 4.5}}
            linear-mqa-shards       | 300  | {"rope_parameters": {"rope_type": "default"}}
            qwen2-tied              | 1500 | {"rope_theta": 10000}
            qwen2-upper-windows     | 300  | {"use_sliding_window": false}
            qwen2-upper-windows     | 300  | {"sliding_window": 25}
            qwen2-upper-windows     | 300  | {"max_window_layers": 0}
            qwen2-upper-windows     | 300  | {"max_window_layers": 2}
            qwen3-head-dim          | 1500 | {"rope_parameters": {"rope_theta": 10000}}
            qwen3-mixed-windows     | 300  | {"layer_types": null, "max_window_layers": 0}
            qwen3-mixed-windows     | 300  | {"layer_types": null, "max_window_layers": 2}
            qwen3-mixed-windows     | 300  | {"sliding_window": 41}
            mistral-gqa             | 1500 | {"sliding_window": null}
            mistral-gqa             | 64   | {"sliding_window": 32}
            mistral-gqa             | 64   | {"sliding_window": 34}
            mistral-head-dim-shards | 300  | {"sliding_window": null}
            mistral-head-dim-shards | 101  | {"sliding_window": 99}
            """)
    void aMisreadConfigurationIsNoticed(String checkpoint, int tokens, String change) throws IOException {
        Path original = Fixtures.ROOT.resolve(checkpoint);
        try (Stream<Path> files = Files.list(original)) {
            for (Path file : files.filter(f -> f.getFileName().toString().startsWith("model"))
                    .toList()) {
                Files.copy(file, directory.resolve(file.getFileName()));
            }
        }
        JsonNode config = MAPPER.readTree(original.resolve("config.json").toFile());
        MAPPER.readerForUpdating(config).readValue(change);
        MAPPER.writeValue(directory.resolve("config.json").toFile(), config);

        Path reference = original.resolve("ref-" + tokens + ".safetensors");
        try (Transformer model = Fixtures.load(directory)) {
            assertThat(LogitsVerification.run(model, reference).maxRelative()).isGreaterThan(NOTICED);
        }
    }

    @Test
    void everyFamilyAndEveryRopeTypeHasTwoShapesAndLongPrompts() {
        List<ModelConfig> configs = Fixtures.checkpoints().stream()
                .map(path -> ModelConfig.read(path.resolve("config.json")))
                .toList();
        for (Architecture architecture : Architecture.values()) {
            assertThat(configs)
                    .filteredOn(c -> c.architecture() == architecture)
                    .hasSizeGreaterThanOrEqualTo(2);
        }
        for (RopeScaling.Type type : RopeScaling.Type.values()) {
            assertThat(configs)
                    .filteredOn(c ->
                            c.architecture() == Architecture.LLAMA && c.rope().type() == type)
                    .hasSizeGreaterThanOrEqualTo(2);
        }
        assertThat(Fixtures.checkpoints().stream().flatMap(path -> Fixtures.references(path).stream()))
                .filteredOn(path -> path.endsWith("ref-1500.safetensors"))
                .hasSize(6);
    }
}
