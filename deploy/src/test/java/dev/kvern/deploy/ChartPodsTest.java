package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.math.BigDecimal;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Pods have no more rights than they need, and the memory that their processes are told of. */
class ChartPodsTest {
    private static final Pattern HEAP = Pattern.compile("-Xmx(\\d+)([mgt])\\b");
    private static final Pattern DIRECT = Pattern.compile("-XX:MaxDirectMemorySize=(\\d+)([mgt])\\b");

    static List<Path> examples() {
        return Chart.examples();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void haveNoRightsThatTheyDoNotNeed(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            String name = Manifests.name(workload);
            JsonNode pod = workload.at("/spec/template/spec");
            assertThat(pod.path("automountServiceAccountToken").asText())
                    .as(name)
                    .isEqualTo("false");
            assertThat(pod.at("/securityContext/runAsNonRoot").booleanValue())
                    .as(name)
                    .isTrue();
            assertThat(pod.at("/securityContext/runAsUser").intValue()).as(name).isGreaterThan(10_000);
            assertThat(pod.at("/securityContext/seccompProfile/type").textValue())
                    .as(name)
                    .isEqualTo("RuntimeDefault");
            for (String shared : List.of("hostNetwork", "hostPID", "hostIPC")) {
                assertThat(pod.has(shared)).as("%s of %s", shared, name).isFalse();
            }
            assertThat(pod.get("volumes"))
                    .allSatisfy(volume -> assertThat(volume.has("hostPath")
                                    && !volume.get("name").textValue().equals("model"))
                            .as("%s of %s", volume, name)
                            .isFalse());
            assertThat(pod.has("initContainers")).as(name).isFalse();
            assertThat(pod.get("containers")).hasSize(1);
            JsonNode security = Manifests.container(workload).path("securityContext");
            assertThat(security.path("allowPrivilegeEscalation").asText())
                    .as(name)
                    .isEqualTo("false");
            assertThat(security.path("readOnlyRootFilesystem").asText())
                    .as(name)
                    .isEqualTo("true");
            assertThat(security.at("/capabilities/drop").toString()).as(name).isEqualTo("[\"ALL\"]");
            assertThat(security.at("/capabilities").has("add")).as(name).isFalse();
            // Where a read-only root leaves nothing to write, the JVM writes here.
            assertThat(Manifests.list(Manifests.container(workload).get("volumeMounts")))
                    .as(name)
                    .anySatisfy(mount ->
                            assertThat(mount.get("mountPath").textValue()).isEqualTo("/tmp"))
                    .allSatisfy(mount -> assertThat(mount.path("readOnly").booleanValue())
                            .isEqualTo(!List.of("/tmp", "/var/lib/kvern")
                                    .contains(mount.get("mountPath").textValue())));
        }
        assertThat(manifests.all("ServiceAccount"))
                .allSatisfy(account -> assertThat(
                                account.get("automountServiceAccountToken").booleanValue())
                        .isFalse());
        for (String rights : List.of("Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")) {
            assertThat(manifests.all(rights)).isEmpty();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void runImagesOfAVersion(Path values) {
        for (JsonNode workload : Chart.example(values).workloads()) {
            assertThat(Manifests.container(workload).get("image").textValue())
                    .matches("(registry\\.example\\.org/llm/)?kvern/(node|coordinator|runner|runner-cuda)"
                            + "(:\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?|@sha256:[0-9a-f]{64})");
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void haveMemoryForWhatTheirProcessIsTold(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            JsonNode container = Manifests.container(workload);
            String flags = Manifests.environment(container, "JDK_JAVA_OPTIONS");
            long limit = bytes(container.at("/resources/limits/memory"));
            assertThat(container.at("/resources/requests/memory"))
                    .as("no more than what is reserved")
                    .isEqualTo(container.at("/resources/limits/memory"));
            assertThat(container.at("/resources/requests/cpu").asText()).isNotBlank();
            JsonNode config = config(manifests, workload);
            long told = flag(flags, HEAP)
                    + flag(flags, DIRECT)
                    // Page tables: eight bytes for each page.
                    + config.at("/memory/region_bytes").longValue() / 4096 * 4104
                    + config.at("/kv/pool_bytes").longValue();
            assertThat(limit).as(Manifests.name(workload)).isGreaterThanOrEqualTo(told + (128 << 20));
        }
    }

    @Test
    void havePageTablesBesideTheirOverhead() {
        JsonNode node = Chart.render("node: {region: 64Gi, drainSeconds: 900}").get("StatefulSet", "kvern-node");
        assertThat(bytes(Manifests.container(node).at("/resources/limits/memory")))
                .isEqualTo((64L << 30) + (128 << 20) + (512 << 20) + (256 << 20) + (512 << 20));
    }

    /** Also those that Go would write as 1e+07. */
    @Test
    void haveNumbersInTheirEnvironmentAsTheyWereGiven() {
        JsonNode container = Manifests.container(
                Chart.render("node: {env: {WHOLE: 10000000, PART: 0.25, LARGE: 12345678.5, TEXT: '007', 'YES': true}}")
                        .get("StatefulSet", "kvern-node"));
        assertThat(List.of("WHOLE", "PART", "LARGE", "TEXT", "YES").stream()
                        .map(name -> Manifests.environment(container, name)))
                .containsExactly("10000000", "0.25", "12345678.5", "007", "true");
    }

    @ParameterizedTest
    @MethodSource("examples")
    void areGivenTheTimeThatTheirProcessTakes(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            JsonNode shutdown = config(manifests, workload).path("shutdown");
            long takes = shutdown.path("drain_millis").longValue()
                    + shutdown.path("delay_millis").longValue()
                    + shutdown.path("grace_millis").longValue();
            long seconds = workload.at("/spec/template/spec/terminationGracePeriodSeconds")
                    .longValue();
            assertThat(seconds * 1_000).as(Manifests.name(workload)).isGreaterThanOrEqualTo(takes + 10_000);
        }
    }

    @Test
    void askForGpusOnlyWhereTheModelNeedsThem() {
        Manifests manifests = Chart.example("gpu");
        JsonNode cuda = manifests.get("Deployment", "kvern-runner-llama-8b");
        assertThat(Manifests.container(cuda)
                        .at("/resources/limits")
                        .get("nvidia.com/gpu")
                        .asInt())
                .isOne();
        assertThat(Manifests.container(cuda).get("image").textValue()).startsWith("kvern/runner-cuda:");
        assertThat(cuda.at("/spec/template/spec/runtimeClassName").textValue()).isEqualTo("nvidia");
        assertThat(cuda.at("/spec/strategy/rollingUpdate/maxSurge").asInt(-1)).isZero();
        JsonNode cpu = manifests.get("Deployment", "kvern-runner-qwen3");
        assertThat(Manifests.container(cpu).at("/resources/limits").has("nvidia.com/gpu"))
                .isFalse();
        assertThat(Manifests.container(cpu).get("image").textValue()).startsWith("kvern/runner:");
        assertThat(cpu.at("/spec/template/spec").has("runtimeClassName")).isFalse();
        // 6500m are seven threads: PyTorch would count the machine's processors.
        assertThat(config(manifests, cpu).at("/model/threads").intValue()).isEqualTo(7);
    }

    @Test
    void changeWithTheirConfiguration() {
        JsonNode one = Chart.render("{}").get("StatefulSet", "kvern-node");
        JsonNode same = Chart.render("{coordinator: {replicas: 3}}").get("StatefulSet", "kvern-node");
        JsonNode other =
                Chart.render("{node: {config: {limits: {threads: 9}}}}").get("StatefulSet", "kvern-node");
        assertThat(same).isEqualTo(one);
        assertThat(other.at("/spec/template")).isNotEqualTo(one.at("/spec/template"));
    }

    @Test
    void falseAndZeroOfAModelCountToo() {
        Manifests manifests = Chart.render("""
                runner: {autoscaling: {enabled: true}, config: {host: {bytes: 1}, engine: {share_generated: true}}}
                monitoring: {prometheusRule: {enabled: true}}
                models:
                  m: {volume: {hostPath: /m}, autoscaling: {enabled: false}, config: {host: {bytes: 0}, engine: {share_generated: false}}}
                """);
        assertThat(manifests.all("HorizontalPodAutoscaler")).isEmpty();
        JsonNode config = config(manifests, manifests.get("Deployment", "kvern-runner-m"));
        assertThat(config.at("/host/bytes").asInt(-1)).isZero();
        assertThat(config.at("/engine/share_generated").asText()).isEqualTo("false");
    }

    /** The configuration that is mounted. */
    static JsonNode config(Manifests manifests, JsonNode workload) {
        String component = Manifests.podLabels(workload).get("app.kubernetes.io/component");
        String map = Manifests.list(workload.at("/spec/template/spec/volumes")).stream()
                .filter(volume -> volume.get("name").textValue().equals("config"))
                .map(volume -> volume.at("/configMap/name").textValue())
                .findFirst()
                .orElseThrow();
        return Chart.yaml(manifests
                .get("ConfigMap", map)
                .get("data")
                .get(component + ".yaml")
                .textValue());
    }

    private static long flag(String flags, Pattern pattern) {
        Matcher matcher = pattern.matcher(flags);
        assertThat(matcher.find()).as("%s in %s", pattern, flags).isTrue();
        return Long.parseLong(matcher.group(1)) << (20 + 10 * "mgt".indexOf(matcher.group(2)));
    }

    private static long bytes(JsonNode quantity) {
        BigDecimal bytes = Quantity.getAmountInBytes(Quantity.parse(quantity.asText()));
        return bytes.longValueExact();
    }
}
