package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.config.ConfigException;
import dev.kvern.config.ConfigLoader;
import dev.kvern.coordinator.CoordinatorConfig;
import dev.kvern.node.NodeConfig;
import dev.kvern.runner.RunnerConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The processes accept what the chart starts them with. */
class ChartConfigTest {
    @TempDir
    private Path directory;

    static List<Path> examples() {
        return Chart.examples();
    }

    /** Loads it as the process does that its container starts: with these arguments, from that file. */
    private Object load(Manifests manifests, JsonNode workload, Map<String, String> variables)
            throws IOException, ConfigException {
        JsonNode container = Manifests.container(workload);
        String component = container.get("name").textValue();
        var overrides = new ArrayList<String>();
        Path file = directory.resolve(component + ".yaml");
        List<String> arguments = Manifests.arguments(container, variables);
        for (int i = 0; i < arguments.size(); i += 2) {
            if (arguments.get(i).equals("--config")) {
                assertThat(arguments.get(i + 1)).isEqualTo("/etc/kvern/" + component + ".yaml");
                String text = ChartPodsTest.config(manifests, workload).toString();
                // A file that is to be there is another here.
                Files.writeString(
                        file,
                        text.replace(
                                "/etc/kvern-secrets/api/keys",
                                Files.writeString(directory.resolve("keys"), "").toString()));
            } else {
                assertThat(arguments.get(i)).isEqualTo("--set");
                overrides.add(arguments.get(i + 1));
            }
        }
        return loader(component).load(file, overrides).config();
    }

    private static ConfigLoader<?> loader(String component) {
        return switch (component) {
            case "node" -> NodeConfig.loader();
            case "coordinator" -> CoordinatorConfig.loader();
            case "runner" -> RunnerConfig.loader();
            default -> throw new AssertionError(component);
        };
    }

    private static Map<String, String> variables(String zone) {
        return Map.of("POD_NAME", "kvern-node-0", "POD_IP", "10.0.0.7", "ZONE", zone);
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isAccepted(Path values) throws IOException, ConfigException {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            assertThat(load(manifests, workload, variables(""))).isNotNull();
        }
    }

    /** Paths are where something is mounted, and hosts are Services. */
    @ParameterizedTest
    @MethodSource("examples")
    void namesWhatIsThere(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            String component = Manifests.container(workload).get("name").textValue();
            JsonNode config = ChartPodsTest.config(manifests, workload);
            assertThat(config.get("cluster_id").textValue())
                    .as(component)
                    .isEqualTo(Chart.NAMESPACE + "/" + Chart.RELEASE);
            assertThat(mount(workload, "config")).isEqualTo("/etc/kvern");
            if (component.equals("coordinator")) {
                continue;
            }
            String[] members = config.get("coordinator").textValue().split(":");
            JsonNode service = manifests.get("Service", members[0]);
            assertThat(service.at("/spec/publishNotReadyAddresses").asText()).isEqualTo("true");
            assertThat(service.at("/spec/ports/0/port").asText()).isEqualTo(members[1]);
            if (component.equals("runner")) {
                assertThat(config.at("/model/path").textValue()).isEqualTo(mount(workload, "model"));
            } else {
                assertThat(config.at("/ignite/work_directory").textValue()).isEqualTo(mount(workload, "work"));
                assertThat(config.at("/ignite/addresses/0").textValue())
                        .isEqualTo(workload.at("/spec/serviceName").textValue());
            }
        }
    }

    private static String mount(JsonNode workload, String volume) {
        return Manifests.list(Manifests.container(workload).get("volumeMounts")).stream()
                .filter(mount -> mount.get("name").textValue().equals(volume))
                .map(mount -> mount.get("mountPath").textValue())
                .findFirst()
                .orElseThrow();
    }

    @Test
    void reachesTheProcess() throws IOException, ConfigException {
        Manifests manifests = Chart.example("small");
        var node = (NodeConfig) load(manifests, manifests.get("StatefulSet", "kvern-node"), variables("rack-7"));
        assertThat(node.id()).isEqualTo("kvern-node-0");
        assertThat(node.advertiseHost()).isEqualTo("10.0.0.7");
        assertThat(node.zone()).isEqualTo("rack-7");
        assertThat(node.memory().regionBytes()).isEqualTo(64 << 20);
        assertThat(node.memory().maxBlockBytes()).isEqualTo(4 << 20);
        assertThat(node.coordinator()).isEqualTo("kvern-coordinator-members:7400");
        assertThat(node.ignite().addresses()).containsExactly("kvern-node");
        var runner = (RunnerConfig) load(manifests, manifests.get("Deployment", "kvern-runner-demo"), variables(""));
        assertThat(runner.model().path()).isEqualTo("/models/demo");
        assertThat(runner.model().name()).isEqualTo("demo");
        assertThat(runner.kv().poolBytes()).isEqualTo(64 << 20);
    }

    @Test
    void namesTheSecretsThatAreMounted() {
        Manifests manifests = Chart.example("secrets");
        JsonNode coordinator = manifests.get("Deployment", "kvern-coordinator");
        var mounted = new TreeMap<String, String>();
        for (JsonNode volume : coordinator.at("/spec/template/spec/volumes")) {
            for (JsonNode item : volume.at("/secret/items")) {
                Manifests.list(Manifests.container(coordinator).get("volumeMounts")).stream()
                        .filter(mount -> mount.get("name").equals(volume.get("name")))
                        .forEach(mount -> mounted.put(
                                mount.get("mountPath").textValue()
                                        + "/"
                                        + item.get("path").textValue(),
                                manifests
                                        .get(
                                                "Secret",
                                                volume.at("/secret/secretName").textValue())
                                        .get("stringData")
                                        .get(item.get("key").textValue())
                                        .textValue()));
            }
        }
        JsonNode config = ChartPodsTest.config(manifests, coordinator);
        assertThat(mounted)
                .containsOnlyKeys(
                        config.at("/api/keys_file").textValue(),
                        config.at("/dashboard/password_file").textValue());
        assertThat(mounted.get("/etc/kvern-secrets/api/keys")).isEqualTo("""
                        alice sk-alice
                        bob sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08 acme
                        """);
        assertThat(mounted.get("/etc/kvern-secrets/dashboard/password")).isEqualTo("ops:not-a-real-one");
        assertThat(manifests.all("ConfigMap").toString()).doesNotContain("not-a-real-one", "sk-alice");
    }
}
