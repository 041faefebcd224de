package dev.kvern.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.kvern.config.ConfigException;
import dev.kvern.runner.tier.OffloadOptions;
import dev.kvern.runner.tier.TierOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;

class RunnerConfigTest {
    @Test
    void theDefaultsNeedOnlyAModel() throws Exception {
        RunnerConfig config = load("model.path=/models/llama");
        assertThat(config.listen().grpcPort()).isEqualTo(7420);
        assertThat(config.kv().chunkTokens()).isEqualTo(64);
        assertThat(config.tier().tierOptions()).isEqualTo(TierOptions.DEFAULTS);
        assertThat(config.offloadOptions()).isEqualTo(OffloadOptions.DEFAULTS);
    }

    @Test
    void allMistakesAreReportedTogether() {
        var failure = catchThrowableOfType(
                ConfigException.class,
                () -> load(
                        "listen.grpc_port=70000",
                        "coordinator=nowhere",
                        "model.device=tpu",
                        "kv.block_tokens=24",
                        "kv.pool_bytes=1",
                        "kv.pool_fraction=1.5",
                        "engine.max_running=0",
                        "tier.nodes=[\"here\"]",
                        "host.bytes=-2",
                        "offload.policy=sometimes",
                        "offload.after_uses=0",
                        "tier.fetch_policy=never",
                        "tier.message_bytes=1"));
        assertThat(failure.problems())
                .anySatisfy(p -> assertThat(p).startsWith("model.path: '' (expected: a Hugging Face"))
                .anySatisfy(p -> assertThat(p).isEqualTo("listen.grpc_port: 70000 (expected: 0 to 65535)"))
                .anySatisfy(p -> assertThat(p)
                        .isEqualTo("coordinator: 'nowhere' (expected: HOST:PORT, or several with commas between them)"))
                .anySatisfy(p -> assertThat(p).contains("device: 'tpu'"))
                .anySatisfy(p -> assertThat(p).startsWith("kv.block_tokens: 24"))
                .anySatisfy(
                        p -> assertThat(p).isEqualTo("kv.pool_bytes: 1 (expected: 0, or 1048576 to 1125899906842624)"))
                .anySatisfy(p -> assertThat(p).isEqualTo("kv.pool_fraction: 1.5 (expected: above 0, at most 1)"))
                .anySatisfy(p -> assertThat(p).startsWith("engine.max_running: 0"))
                .anySatisfy(p -> assertThat(p).startsWith("tier.nodes[0]: 'here' (expected: HOST:PORT, or unix://"))
                .anySatisfy(p -> assertThat(p).startsWith("host.bytes: -2 (expected: -1, or 0 to"))
                .anySatisfy(p -> assertThat(p)
                        .isEqualTo("offload.policy: 'sometimes' (expected: write_through, after_uses or on_eviction)"))
                .anySatisfy(p -> assertThat(p).startsWith("offload.after_uses: 0 (expected: 1"))
                .anySatisfy(p ->
                        assertThat(p).isEqualTo("tier.fetch_policy: 'never' (expected: always, measured or overlap)"))
                .anySatisfy(p -> assertThat(p).startsWith("tier.message_bytes: 1 "));
    }

    @Test
    void chunksAreBlocksTimesAPowerOfTwo() throws Exception {
        assertThat(load("model.path=m", "kv.chunk_tokens=16").kv().chunkTokens())
                .isEqualTo(16);
        for (String wrong : List.of("48", "0", "8", "8192", "-64")) {
            var failure =
                    catchThrowableOfType(ConfigException.class, () -> load("model.path=m", "kv.chunk_tokens=" + wrong));
            assertThat(failure.problems())
                    .as(wrong)
                    .hasSize(1)
                    .first()
                    .asString()
                    .contains(wrong, "power of two");
        }
    }

    @Test
    void aStepComputesWholeChunks() throws Exception {
        assertThat(load("model.path=m").engineOptions().stepChunks()).isEqualTo(4);
        assertThat(load("model.path=m", "kv.chunk_tokens=1024").engineOptions().stepChunks())
                .isEqualTo(1);
        var failure = catchThrowableOfType(
                ConfigException.class,
                () -> load("model.path=m", "engine.prefill_tokens=100", "engine.ageing_millis=0"));
        assertThat(failure.problems())
                .anySatisfy(p -> assertThat(p)
                        .startsWith("engine.prefill_tokens: 100 (expected: a multiple of kv.chunk_tokens, 64"))
                .anySatisfy(p -> assertThat(p).startsWith("engine.ageing_millis: 0"));
    }

    @Test
    void theReadmeNamesEveryKeyWithItsDefault() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        try (var in = RunnerConfig.class.getResourceAsStream("runner-defaults.yaml")) {
            requireKeys("", new YAMLMapper().readTree(in), readme);
        }
    }

    private static void requireKeys(String prefix, JsonNode node, String readme) {
        for (var entry : node.properties()) {
            String key = prefix + entry.getKey();
            if (entry.getValue().isObject()) {
                requireKeys(key + ".", entry.getValue(), readme);
            } else {
                JsonNode value = entry.getValue();
                String shown = value.isTextual() && value.asText().isEmpty()
                        ? "\"\""
                        : value.isTextual() ? value.asText() : value.toString();
                assertThat(readme).contains("| `" + key + "` | `" + shown + "` |");
            }
        }
    }

    private static RunnerConfig load(String... overrides) throws ConfigException {
        return RunnerConfig.loader().load(null, List.of(overrides)).config();
    }
}
