package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What one object says of another is so. */
class ChartReferencesTest {
    /** What users bring, by the examples. */
    private static final Set<String> BROUGHT =
            Set.of("Secret/kvern-keys", "Secret/kvern-page", "ServiceAccount/existing", "PersistentVolumeClaim/models");

    static List<Path> examples() {
        return Chart.examples();
    }

    private static boolean selects(JsonNode selector, Map<String, String> labels) {
        return labels.entrySet().containsAll(Manifests.texts(selector).entrySet());
    }

    private static List<JsonNode> selected(Manifests manifests, JsonNode selector) {
        return manifests.workloads().stream()
                .filter(workload -> selects(selector, Manifests.podLabels(workload)))
                .toList();
    }

    private static Set<String> portNames(JsonNode workload) {
        return Manifests.list(Manifests.container(workload).at("/ports")).stream()
                .map(port -> port.get("name").textValue())
                .collect(Collectors.toSet());
    }

    private static String component(JsonNode object) {
        return object.at("/metadata/labels").get("app.kubernetes.io/component").textValue();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void workloadsSelectTheirOwnPodsOnly(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            assertThat(selected(manifests, workload.at("/spec/selector/matchLabels")))
                    .as(Manifests.name(workload))
                    .containsExactly(workload);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void servicesReachPortsOfTheirComponent(Path values) {
        Manifests manifests = Chart.example(values);
        assertThat(manifests.all("Service")).hasSize(3);
        for (JsonNode service : manifests.all("Service")) {
            List<JsonNode> behind = selected(manifests, service.at("/spec/selector"));
            assertThat(behind).isNotEmpty().allSatisfy(workload -> {
                assertThat(component(workload)).isEqualTo(component(service));
                for (JsonNode port : service.at("/spec/ports")) {
                    assertThat(portNames(workload))
                            .contains(port.get("targetPort").textValue());
                    assertThat(Manifests.list(Manifests.container(workload).at("/ports")).stream()
                                    .filter(each -> each.get("name").equals(port.get("targetPort")))
                                    .map(each -> each.get("containerPort").intValue()))
                            .as("clients find it where it is")
                            .containsExactly(port.get("port").intValue());
                }
            });
        }
        for (JsonNode set : manifests.all("StatefulSet")) {
            JsonNode headless =
                    manifests.get("Service", set.at("/spec/serviceName").textValue());
            assertThat(headless.at("/spec/clusterIP").textValue()).isEqualTo("None");
            assertThat(headless.at("/spec/publishNotReadyAddresses").booleanValue())
                    .isTrue();
            assertThat(selects(headless.at("/spec/selector"), Manifests.podLabels(set)))
                    .isTrue();
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void budgetsCoverOneComponentEach(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode budget : manifests.all("PodDisruptionBudget")) {
            assertThat(selected(manifests, budget.at("/spec/selector/matchLabels")))
                    .as(Manifests.name(budget))
                    .isNotEmpty()
                    .allSatisfy(workload -> assertThat(component(workload)).isEqualTo(component(budget)));
        }
        // Two that cover one pod would make it impossible to evict.
        for (JsonNode workload : manifests.workloads()) {
            assertThat(manifests.all("PodDisruptionBudget").stream()
                            .filter(budget ->
                                    selects(budget.at("/spec/selector/matchLabels"), Manifests.podLabels(workload)))
                            .count())
                    .as(Manifests.name(workload))
                    .isLessThanOrEqualTo(1);
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void whatPodsNameExists(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode workload : manifests.workloads()) {
            JsonNode pod = workload.at("/spec/template/spec");
            requireExists(
                    manifests, "ServiceAccount", pod.get("serviceAccountName").textValue());
            var volumes = Manifests.list(pod.get("volumes")).stream()
                    .map(volume -> volume.get("name").textValue())
                    .collect(Collectors.toSet());
            workload.at("/spec/volumeClaimTemplates").forEach(claim -> volumes.add(Manifests.name(claim)));
            var mounted = Manifests.list(Manifests.container(workload).get("volumeMounts")).stream()
                    .map(mount -> mount.get("name").textValue())
                    .toList();
            assertThat(mounted).as("each volume is mounted once").containsExactlyInAnyOrderElementsOf(volumes);
            for (JsonNode volume : pod.get("volumes")) {
                if (volume.has("configMap")) {
                    requireExists(
                            manifests, "ConfigMap", volume.at("/configMap/name").textValue());
                }
                if (volume.has("secret")) {
                    String name = volume.at("/secret/secretName").textValue();
                    requireExists(manifests, "Secret", name);
                    if (manifests.has("Secret", name)) {
                        for (JsonNode item : volume.at("/secret/items")) {
                            assertThat(manifests.get("Secret", name).path("stringData"))
                                    .anySatisfy(
                                            key -> assertThat(key.isTextual()).isTrue());
                            assertThat(Manifests.texts(
                                            manifests.get("Secret", name).path("stringData")))
                                    .containsKey(item.get("key").textValue());
                        }
                    }
                }
                if (volume.has("persistentVolumeClaim")) {
                    requireExists(
                            manifests,
                            "PersistentVolumeClaim",
                            volume.at("/persistentVolumeClaim/claimName").textValue());
                }
            }
        }
    }

    private static void requireExists(Manifests manifests, String kind, String name) {
        assertThat(manifests.has(kind, name) || BROUGHT.contains(kind + "/" + name))
                .as("%s/%s among %s", kind, name, manifests.names())
                .isTrue();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void probesAskPortsThatAreThere(Path values) {
        for (JsonNode workload : Chart.example(values).workloads()) {
            JsonNode container = Manifests.container(workload);
            for (String probe : List.of("startupProbe", "readinessProbe", "livenessProbe")) {
                JsonNode port = container.path(probe).has("grpc")
                        ? container.at("/" + probe + "/grpc/port")
                        : container.at("/" + probe + "/httpGet/port");
                assertThat(Manifests.list(container.get("ports")))
                        .as("%s of %s", probe, Manifests.name(workload))
                        .anySatisfy(each -> assertThat(port).isIn(each.get("name"), each.get("containerPort")));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("examples")
    void waysInLeadToTheCoordinators(Path values) {
        Manifests manifests = Chart.example(values);
        for (JsonNode monitor : manifests.all("ServiceMonitor")) {
            List<JsonNode> services = manifests.all("Service").stream()
                    .filter(service -> selects(
                            monitor.at("/spec/selector/matchLabels"), Manifests.texts(service.at("/metadata/labels"))))
                    .toList();
            // One that read the other Service as well would count every coordinator twice.
            assertThat(services).hasSize(1);
            assertThat(Manifests.list(services.get(0).at("/spec/ports")))
                    .anySatisfy(port -> assertThat(port.get("name")).isEqualTo(monitor.at("/spec/endpoints/0/port")));
        }
        for (JsonNode ingress : manifests.all("Ingress")) {
            JsonNode backend = ingress.at("/spec/rules/0/http/paths/0/backend/service");
            assertThat(Manifests.list(manifests
                            .get("Service", backend.get("name").textValue())
                            .at("/spec/ports")))
                    .anySatisfy(port -> assertThat(port.get("name")).isEqualTo(backend.at("/port/name")));
        }
        for (JsonNode route : manifests.all("HTTPRoute")) {
            JsonNode backend = route.at("/spec/rules/0/backendRefs/0");
            assertThat(Manifests.list(manifests
                            .get("Service", backend.get("name").textValue())
                            .at("/spec/ports")))
                    .anySatisfy(port -> assertThat(port.get("port")).isEqualTo(backend.get("port")));
        }
    }
}
