package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.marcnuri.helm.Helm;
import com.marcnuri.helm.LintResult;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values: explained, checked, and refused with a reason. */
class ChartValuesTest {
    @Test
    void everyValueIsExplainedAndInTheReadme() throws IOException {
        List<ChartValues.Value> values = ChartValues.all();
        assertThat(values)
                .hasSizeGreaterThan(100)
                .allSatisfy(value -> assertThat(value.meaning())
                        .as("comment above %s", value.key())
                        .endsWith("."));
        String expected = values.stream().map(ChartValues.Value::row).collect(Collectors.joining("\n"));
        String readme = Files.readString(Chart.DIRECTORY.resolve("README.md"));
        assertThat(readme).as("deploy/helm/kvern/README.md, from values.yaml").contains("\n" + expected + "\n");
    }

    /** The other way round: the schema refuses keys that it does not know, and the examples show that all defaults pass. */
    @Test
    void whatTheSchemaKnowsHasADefault() throws IOException {
        var missing = new TreeSet<String>();
        collectMissing(ChartValues.schema(), ChartValues.schema(), ChartValues.tree(), "", missing);
        assertThat(missing).containsExactly("global");
    }

    private static void collectMissing(
            JsonNode root, JsonNode schema, JsonNode values, String path, Set<String> missing) {
        JsonNode here =
                schema.has("$ref") ? root.at(schema.get("$ref").textValue().substring(1)) : schema;
        if (values.isObject() && !values.isEmpty()) {
            assertThat(here.has("properties")
                            || here.path("additionalProperties").isObject())
                    .as("schema of %s", path)
                    .isTrue();
            for (var property : here.path("properties").properties()) {
                String key = path.isEmpty() ? property.getKey() : path + "." + property.getKey();
                JsonNode value = values.get(property.getKey());
                if (value == null) {
                    missing.add(key);
                } else {
                    collectMissing(root, property.getValue(), value, key, missing);
                }
            }
        }
    }

    /** A model may say what all runners have: the schema lists it twice, as it must refuse what is in neither list. */
    @Test
    void modelsKnowWhatRunnersKnow() throws IOException {
        JsonNode schema = ChartValues.schema();
        var model = (ObjectNode) schema.at("/$defs/model/properties").deepCopy();
        model.remove(List.of("volume", "servedName"));
        assertThat(model).isEqualTo(schema.at("/properties/runner/properties"));
    }

    @Test
    void nothingUnknownIsLetThrough() throws IOException {
        var open = new TreeSet<String>();
        collectOpen(ChartValues.schema(), "", open);
        // What is another program's: Helm's, Kubernetes' selectors, and configuration, which the processes check.
        assertThat(open)
                .containsExactly(
                        "/$defs/config",
                        "/$defs/peers/items/properties/namespaceSelector",
                        "/$defs/peers/items/properties/podSelector",
                        "/properties/global");
    }

    private static void collectOpen(JsonNode schema, String path, Set<String> open) {
        if (schema.path("type").asText().equals("object") && !schema.has("additionalProperties")) {
            open.add(path);
        }
        schema.properties().forEach(entry -> collectOpen(entry.getValue(), path + "/" + entry.getKey(), open));
    }

    @Test
    void lintHasNothingToSay() {
        LintResult result = new Helm(Chart.DIRECTORY).lint().strict().call();
        assertThat(result.isFailed()).as("%s", result.getMessages()).isFalse();
        assertThat(result.getMessages())
                .allSatisfy(message -> assertThat(message).contains("icon is recommended"));
    }

    @Test
    void theVersionIsTheProjects() throws IOException {
        JsonNode chart = Chart.yaml(Files.readString(Chart.DIRECTORY.resolve("Chart.yaml")));
        String pom = Files.readString(Path.of("pom.xml"));
        String version = pom.replaceAll("(?s).*<parent>.*<version>(.*)</version>.*</parent>.*", "$1");
        assertThat(chart.get("version").textValue()).isEqualTo(version);
        assertThat(chart.get("appVersion").textValue()).isEqualTo(version);
    }

    /** A package must have the alerts and the dashboard in it, not links to where they are here. */
    @Test
    void aPackageIsWhole(@TempDir Path directory) throws IOException {
        new Helm(Chart.DIRECTORY).packageIt().withDestination(directory).call();
        try (var files = Files.list(directory)) {
            Path archive = files.findFirst().orElseThrow();
            String rendered = new Helm(archive)
                    .template()
                    .withKubeVersion(Chart.KUBERNETES)
                    .set("monitoring.prometheusRule.enabled", true)
                    .set("monitoring.dashboard.enabled", true)
                    .call();
            assertThat(rendered).contains("alert: KvernMemberDown", "kvern_prompt_tokens_requested_total");
        }
    }

    @Test
    void alertsAndDashboardAreThoseOfTheProject() throws IOException {
        Manifests manifests = Chart.example("everything");
        assertThat(manifests.get("PrometheusRule", "cache").at("/spec/groups"))
                .isEqualTo(Chart.yaml(Files.readString(Path.of("prometheus", "alerts.yaml")))
                        .get("groups"));
        assertThat(Chart.yaml(manifests
                        .get("ConfigMap", "cache-grafana")
                        .at("/data/kvern.json")
                        .textValue()))
                .isEqualTo(Chart.yaml(Files.readString(Path.of("grafana", "kvern.json"))));
    }

    @Test
    void imagesAreNoVolumesOnAnOldKubernetes() {
        var template = new Helm(Chart.DIRECTORY)
                .template()
                .withKubeVersion("1.32.0")
                .withValuesFile(Chart.DIRECTORY.resolve("ci/gpu-values.yaml"));
        assertThatThrownBy(template::call)
                .hasMessageContaining(
                        "models.qwen3.volume.image: an image as a volume on Kubernetes v1.32.0 (expected: 1.35 or newer, or 1.33");
    }

    /** What is told after an installation. Helm, in process, takes itself for too old a Kubernetes to install what wants a newer one. */
    @Test
    void notesSayWhatIsMissing(@TempDir Path directory) throws IOException {
        try (var files = Files.walk(Chart.DIRECTORY, FileVisitOption.FOLLOW_LINKS)) {
            for (Path file : files.toList()) {
                Path copy = directory.resolve(Chart.DIRECTORY.relativize(file));
                if (Files.isDirectory(file)) {
                    Files.createDirectories(copy);
                } else {
                    Files.writeString(copy, Files.readString(file).replaceAll("(?m)^kubeVersion:.*$", ""));
                }
            }
        }
        assertThat(notes(directory, "default"))
                .contains("There is no model yet", "set coordinator.apiKeys", "image.registry is empty")
                .contains("Nodes do not know their zones")
                .doesNotContain("node.backups is 0", "only (node.updateZones)", "API keys guard");
        assertThat(notes(directory, "small")).contains("http://kvern-coordinator.llm:7480/v1");
        assertThat(notes(directory, "secrets"))
                .contains("Set networkPolicy.grpcClients to []")
                .doesNotContain("set coordinator.apiKeys");
        assertThat(notes(directory, "zones"))
                .contains("Nodes are restarted in eu-b only")
                .doesNotContain("Nodes do not know their zones");
        assertThat(notes(directory, "everything"))
                .contains("node.backups is 0", "Their blocks are lost.")
                .doesNotContain("image.registry is empty", "API keys guard");
    }

    private static String notes(Path chart, String example) {
        String output = new Helm(chart)
                .install()
                .withName(Chart.RELEASE)
                .withNamespace(Chart.NAMESPACE)
                .clientOnly()
                .dryRun()
                .withValuesFile(Chart.DIRECTORY.resolve("ci/" + example + "-values.yaml"))
                .call()
                .getOutput();
        return output.substring(output.indexOf("NOTES:"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "{coordinator: {service: {type: LoadBalancer}}, networkPolicy: {grpcClients: [{ipBlock: {cidr: 192.0.2.0/24}}]}}",
                "{coordinator: {service: {type: LoadBalancer}}, networkPolicy: {enabled: false}}",
                "{monitoring: {serviceMonitor: {enabled: true}}, networkPolicy: {httpClients: []}}",
            })
    void whoHasLookedAtNetworkPoliciesIsNotHeldUp(String values) {
        assertThat(Chart.render(values).objects()).isNotEmpty();
    }

    /** Namespace and release may have 63 and 53 characters, labels 63. */
    @Test
    void theJobIsALabel() {
        String rendered = new Helm(Chart.DIRECTORY)
                .template()
                .withName("kvern-" + "x".repeat(40))
                .withNamespace("y".repeat(63))
                .withKubeVersion(Chart.KUBERNETES)
                .set("fullnameOverride", "kvern")
                .set("monitoring.serviceMonitor.enabled", true)
                .set("networkPolicy.enabled", false)
                .call();
        Matcher job = Pattern.compile("replacement: (\\S+)").matcher(rendered);
        assertThat(job.find()).isTrue();
        assertThat(job.group(1)).startsWith("kvern-yyy").hasSize(63);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                // Types, and what there is.
                "node: {replica: 3}                              | replica",
                "node: {replicas: many}                          | /node/replicas",
                "node: {replicas: 0}                             | /node/replicas",
                "node: {region: 4GB}                             | /node/region",
                "node: {heap: 32Mi}                              | heap: 32Mi (expected: at least 64Mi",
                "node: {antiAffinity: maybe}                     | /node/antiAffinity",
                "node: {env: {POD_IP: x}}                        | POD_IP",
                "image: {tag: latest}                            | /image/tag",
                "log: {level: trace}                             | /log/level",
                "telemetry: {otlpEndpoint: collector}            | /telemetry/otlpEndpoint",
                "commonLabels: {app.kubernetes.io/name: x}       | invalid propertyName 'app.kubernetes.io/name'",
                "node: {podLabels: {kvern.dev/zone: x}}          | invalid propertyName 'kvern.dev/zone'",
                "modles: {}                                      | modles",
                "monitoring: {job: prod}                         | /monitoring/job",
                // What goes together.
                "node: {replicas: 1}                             | node.replicas: 1 (expected: at least 2, which is node.backups + 1)",
                "node: {backups: 3}                              | node.replicas: 3 (expected: at least 4, which is node.backups + 1)",
                "node: {podDisruptionBudget: {maxUnavailable: 2}} | node.podDisruptionBudget.maxUnavailable: 2 (expected: at most node.backups, 1",
                "node: {backups: 0, podDisruptionBudget: {maxUnavailable: 2}} | node.podDisruptionBudget.maxUnavailable: 2 (expected: at most node.backups, 0, and 1 with 0)",
                "node: {autoscaling: {enabled: true, minReplicas: 1}} | node.autoscaling.minReplicas: 1 (expected: at least 2",
                "node: {autoscaling: {enabled: true, maxReplicas: 2}} | node.autoscaling.maxReplicas: 2 (expected: at least minReplicas, 3)",
                "node: {autoscaling: {enabled: true}}            | monitoring.prometheusRule.enabled: false (expected: true",
                "node: {zones: [a, b], updateZones: [c]}         | node.updateZones: c (expected: some of node.zones, [a b])",
                "node: {zones: [a, a]}                           | node.zones: [a a] (expected: each once)",
                "node: {zones: [a, b, c, d]}                     | node.replicas: 3 (expected: at least one for each of node.zones",
                "node: {region: 64Gi}                            | node.drainSeconds: 300 (expected: 0, or at least 656",
                "node: {config: {memory: {region_bytes: 1}}}     | node.config.memory.region_bytes: 1 (expected: absent; set node.region)",
                "node: {config: {backups: 2}}                    | node.config.backups: 2 (expected: absent; set node.backups)",
                "node: {serviceAccount: {create: false}}         | serviceAccount.name: '' (expected: the name of an account",
                "coordinator: {config: {listen: {http_port: 80}}} | coordinator.config.listen.http_port: 80 (expected: absent; it is always 7480)",
                "coordinator: {podDisruptionBudget: {maxUnavailable: 2}} | coordinator.podDisruptionBudget.maxUnavailable: 2 (expected: fewer than coordinator.replicas, 2)",
                "coordinator: {apiKeys: {existingSecret: s, entries: [{name: a, key: b}]}} | coordinator.apiKeys.entries: given beside existingSecret",
                "coordinator: {apiKeys: {entries: [{name: a b, key: c}]}} | /coordinator/apiKeys/entries/0/name",
                "coordinator: {dashboard: {password: secret}}    | /coordinator/dashboard/password",
                "models: {m: {volume: {image: {}}}}              | /models/m/volume/image",
                "models: {m: {}}                                 | volume",
                "models: {m: {volume: {}}}                       | /models/m/volume",
                "models: {m: {volume: {hostPath: /m, pvc: {claimName: c}}}} | /models/m/volume",
                "models: {M: {volume: {hostPath: /m}}}           | does not match pattern",
                "models: {m: {volume: {hostPath: /m}, gpu: 1}}   | gpu",
                "models: {m: {volume: {hostPath: /m}, memory: 1Gi}} | models.m.memory: 1Gi (expected: more than 1280 MiB",
                "models: {m: {volume: {hostPath: /m}, device: cuda, gpus: 0}} | models.m.gpus: 0 (expected: 1 with device cuda)",
                "models: {m: {volume: {hostPath: /m}, rollout: {maxSurge: 0}}} | models.m.rollout.maxUnavailable: 0 (expected: at least 1 with maxSurge 0)",
                "models: {m: {volume: {hostPath: /m}, config: {model: {path: /x}}}} | models.m.config.model.path: /x (expected: absent; it is where the volume is)",
                "monitoring: {job: kvern-}                       | /monitoring/job",
                "coordinator: {rollout: {maxSurge: some}}        | /coordinator/rollout/maxSurge",
                "coordinator: {rollout: {maxSurge: 0, maxUnavailable: 0}} | coordinator.rollout.maxUnavailable: 0 (expected: at least 1 with maxSurge 0)",
                "fullnameOverride: kvern.prod                    | /fullnameOverride",
                "fullnameOverride: 2nd                           | /fullnameOverride",
                "fullnameOverride: a-name-that-is-much-too-long-for-this | fullnameOverride: names begin with",
                "{fullnameOverride: a-name-of-some-length, models: {a-model-of-some-length: {volume: {hostPath: /m}}}} | models.a-model-of-some-length: with 'a-name-of-some-length' 43 characters (expected: at most 38)",
                "ingress: {enabled: true}                        | /ingress/host",
                "httpRoute: {enabled: true}                      | /httpRoute/parentRefs",
                "networkPolicy: {httpClients: [{pods: {}}]}      | pods",
                // What one value lets in another must not keep out.
                "coordinator: {service: {type: LoadBalancer}}    | networkPolicy.httpClients, networkPolicy.grpcClients: still every pod in the namespace and nobody else, with coordinator.service.type LoadBalancer",
                "coordinator: {service: {type: NodePort}}        | coordinator.service.type NodePort",
                "ingress: {enabled: true, host: llm.example.org} | networkPolicy.httpClients: still every pod in the namespace and nobody else, with ingress.enabled",
                "httpRoute: {enabled: true, parentRefs: [{name: g}]} | networkPolicy.httpClients: still every pod in the namespace and nobody else, with httpRoute.enabled",
                "monitoring: {serviceMonitor: {enabled: true}}   | networkPolicy.httpClients: still every pod in the namespace and nobody else, with monitoring.serviceMonitor.enabled",
            })
    void badValuesAreRefused(String values, String reason) {
        assertThatThrownBy(() -> Chart.render(values)).hasMessageContaining(reason);
    }
}
