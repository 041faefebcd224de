package dev.kvern.node;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import dev.kvern.config.ConfigException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class NodeConfigTest {
    @Test
    void theDefaultsAreEnough() throws Exception {
        NodeConfig config = load();
        assertThat(config.listen().grpcPort()).isEqualTo(7410);
        assertThat(config.ignite().discoveryPort()).isEqualTo(47500);
        assertThat(config.backups()).isEqualTo(1);
    }

    @Test
    void allMistakesAreReportedTogether() {
        var failure = catchThrowableOfType(
                ConfigException.class,
                () -> load(
                        "listen.grpc_port=70000",
                        "coordinator=nowhere",
                        "cluster_id=two words",
                        "ignite.addresses=[\"a:b\"]",
                        "memory.region_bytes=1000",
                        "memory.high_watermark=1.5",
                        "backups=-1",
                        "partitions=100",
                        "rebalance.bytes_per_second=1000",
                        "limits.threads=0",
                        "persistence=true"));
        assertThat(failure.problems())
                .anySatisfy(p -> assertThat(p).isEqualTo("listen.grpc_port: 70000 (expected: 0 to 65535)"))
                .anySatisfy(p -> assertThat(p).startsWith("coordinator: 'nowhere'"))
                .anySatisfy(p -> assertThat(p).startsWith("cluster_id: 'two words'"))
                .anySatisfy(p -> assertThat(p).startsWith("ignite.addresses[0]: 'a:b'"))
                .anySatisfy(p -> assertThat(p).startsWith("memory.region_bytes: 1000"))
                .anySatisfy(p -> assertThat(p).startsWith("memory.high_watermark: 1.5"))
                .anySatisfy(p -> assertThat(p).startsWith("memory.max_block_bytes"))
                .anySatisfy(p -> assertThat(p).startsWith("backups: -1"))
                .anySatisfy(p -> assertThat(p).startsWith("partitions: 100 (expected: a power of two"))
                .anySatisfy(p -> assertThat(p).startsWith("rebalance.bytes_per_second: 1000"))
                .anySatisfy(p -> assertThat(p).startsWith("limits.threads: 0"))
                .anySatisfy(p -> assertThat(p).startsWith("persistence: unknown key"));
    }

    @Test
    void whoHasNowhereToLookDoesNotLook() {
        var failure = catchThrowableOfType(ConfigException.class, () -> load("ignite.found_after_millis=5000"));
        assertThat(failure.problems())
                .singleElement()
                .asString()
                .startsWith("ignite.found_after_millis: 5000 (expected: 0, as ignite.addresses has none");
    }

    @Test
    void theLowWatermarkIsBelowTheHighOne() throws Exception {
        assertThat(load().memory().lowWatermark()).isEqualTo(0.88);
        for (String low : List.of("0.6", "0.7", "0.01")) {
            var failure = catchThrowableOfType(
                    ConfigException.class, () -> load("memory.high_watermark=0.6", "memory.low_watermark=" + low));
            assertThat(failure.problems())
                    .containsExactly("memory.low_watermark: " + low
                            + " (expected: 0.05 to below memory.high_watermark, which is 0.6)");
        }
        load("memory.high_watermark=0.6", "memory.low_watermark=0.5");
    }

    @Test
    void allAddressesAreNoneToReachItAt() throws Exception {
        var failure = catchThrowableOfType(
                ConfigException.class, () -> load("listen.host=0.0.0.0", "coordinator=127.0.0.1:7400"));
        assertThat(failure.problems()).singleElement().asString().startsWith("advertise_host: ''");
        load("listen.host=0.0.0.0", "coordinator=127.0.0.1:7400", "advertise_host=cache-1");
        load("listen.host=0.0.0.0");
    }

    @Test
    void theReadmeNamesEveryKeyWithItsDefault() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        try (var in = NodeConfig.class.getResourceAsStream("node-defaults.yaml")) {
            requireKeys("", new YAMLMapper().readTree(in), readme);
        }
    }

    @Test
    void theFlagsAreThoseOfTheBuild() {
        assertThat(IgniteJvmFlags.list()).hasSize(22);
        List<String> running = ManagementFactory.getRuntimeMXBean().getInputArguments();
        assertThat(running).containsAll(IgniteJvmFlags.list());
    }

    private static void requireKeys(String prefix, JsonNode node, String readme) {
        for (var entry : node.properties()) {
            String key = prefix + entry.getKey();
            JsonNode value = entry.getValue();
            if (value.isObject()) {
                requireKeys(key + ".", value, readme);
            } else {
                boolean plain = value.isValueNode() && !value.asText().isEmpty();
                String shown = plain ? value.asText() : value.toString();
                assertThat(readme).contains("| `" + key + "` | `" + shown + "` |");
            }
        }
    }

    private static NodeConfig load(String... overrides) throws ConfigException {
        return NodeConfig.loader().load(null, Arrays.asList(overrides)).config();
    }
}
