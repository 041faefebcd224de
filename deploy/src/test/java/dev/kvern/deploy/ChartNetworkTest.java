package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** Who reaches what, by every pair of pods and every port, as the network policies say. */
class ChartNetworkTest {
    private static final Set<Integer> PORTS = Set.of(53, 443, 4318, 7400, 7410, 7420, 7480, 47100, 47500);

    /** No namespace: where the addresses of {@code ipBlock}s are, which are nobody's pods. */
    private static final String OUTSIDE = "(outside)";

    private record Pod(String name, String namespace, Map<String, String> labels) {}

    /** As a network plugin reads policies: what any selects is closed but for what one of them lets through. */
    private record Policies(List<JsonNode> all) {
        boolean allow(Pod from, Pod to, int port) {
            return open("Ingress", "ingress", "from", to, from, port) && open("Egress", "egress", "to", from, to, port);
        }

        private boolean open(String type, String rules, String peers, Pod of, Pod other, int port) {
            boolean selected = false;
            for (JsonNode policy : all) {
                JsonNode spec = policy.get("spec");
                if (!policy.at("/metadata/namespace").textValue().equals(of.namespace)
                        || !labels(spec.get("podSelector"), of.labels)
                        || Manifests.list(spec.get("policyTypes")).stream()
                                .noneMatch(each -> each.textValue().equals(type))) {
                    continue;
                }
                selected = true;
                for (JsonNode rule : spec.path(rules)) {
                    boolean ports = !rule.has("ports")
                            || Manifests.list(rule.get("ports")).stream()
                                    .anyMatch(each -> each.get("port").intValue() == port);
                    boolean peer = !rule.has(peers)
                            || Manifests.list(rule.get(peers)).stream().anyMatch(each -> peer(each, of, other));
                    if (ports && peer) {
                        return true;
                    }
                }
            }
            return !selected;
        }

        private static boolean peer(JsonNode peer, Pod of, Pod other) {
            if (peer.has("ipBlock")) {
                return other.namespace.equals(OUTSIDE);
            }
            boolean namespace = peer.has("namespaceSelector")
                    ? labels(peer.get("namespaceSelector"), Map.of("kubernetes.io/metadata.name", other.namespace))
                    : other.namespace.equals(of.namespace);
            return namespace && (!peer.has("podSelector") || labels(peer.get("podSelector"), other.labels));
        }

        private static boolean labels(JsonNode selector, Map<String, String> labels) {
            return labels.entrySet()
                    .containsAll(Manifests.texts(selector.path("matchLabels")).entrySet());
        }
    }

    private static List<String> reached(Manifests manifests) {
        var pods = new ArrayList<Pod>();
        for (JsonNode workload : manifests.workloads()) {
            pods.add(new Pod(
                    Manifests.container(workload).get("name").textValue(),
                    Chart.NAMESPACE,
                    Manifests.podLabels(workload)));
        }
        // Another release in the same namespace, whose nodes are not ours.
        var others = new HashMap<>(pods.get(0).labels);
        others.put("app.kubernetes.io/instance", "other");
        pods.add(new Pod("other-release", Chart.NAMESPACE, others));
        pods.add(new Pod("client", Chart.NAMESPACE, Map.of("app", "shop")));
        pods.add(new Pod("admin", Chart.NAMESPACE, Map.of("kvern.dev/access", "admin")));
        pods.add(new Pod("ingress", "ingress-nginx", Map.of("app", "ingress")));
        pods.add(new Pod("tracing", "tracing", Map.of("app", "collector")));
        pods.add(new Pod("stranger", "elsewhere", Map.of("app", "shop")));
        pods.add(new Pod("gateway", "gateways", Map.of("app", "gateway")));
        pods.add(new Pod("prometheus", "monitoring", Map.of("app", "prometheus")));
        pods.add(new Pod("outsider", OUTSIDE, Map.of()));
        var policies = new Policies(manifests.all("NetworkPolicy"));
        var ours = Set.of("node", "coordinator", "runner");
        var reached = new TreeSet<String>();
        for (Pod from : pods) {
            for (Pod to : pods) {
                for (int port : PORTS) {
                    if ((ours.contains(from.name) || ours.contains(to.name)) && policies.allow(from, to, port)) {
                        reached.add(from.name + " > " + to.name + " " + port);
                    }
                }
            }
        }
        // Names may be asked of anybody: where the cluster's DNS is differs.
        reached.removeIf(each -> each.endsWith(" 53") && ours.stream().noneMatch(own -> each.contains("> " + own)));
        return List.copyOf(reached);
    }

    @Test
    void everybodyReachesWhatItNeedsAndNothingElse() {
        assertThat(reached(Chart.example("small")))
                .containsExactlyInAnyOrder(
                        "node > node 47100",
                        "node > node 47500",
                        "node > coordinator 7400",
                        "runner > coordinator 7400",
                        "runner > node 7410",
                        "coordinator > runner 7420",
                        "admin > node 7410",
                        "admin > coordinator 7400",
                        "admin > coordinator 7480",
                        "client > coordinator 7400",
                        "client > coordinator 7480",
                        "other-release > coordinator 7400",
                        "other-release > coordinator 7480");
    }

    @Test
    void clientsCanBeNamed() {
        assertThat(reached(Chart.example("secrets")))
                .contains("ingress > coordinator 7480", "client > coordinator 7400")
                .doesNotContain("ingress > coordinator 7400", "client > coordinator 7480");
    }

    @Test
    void moreCanBeReachedAndNoClientLetIn() {
        assertThat(reached(Chart.example("everything")))
                .contains("node > tracing 4318", "runner > tracing 4318", "coordinator > tracing 4318")
                .contains("gateway > coordinator 7480", "prometheus > coordinator 7480", "outsider > coordinator 7480")
                .doesNotContain("node > tracing 443", "node > stranger 4318", "client > coordinator 7400")
                .doesNotContain("client > coordinator 7480", "outsider > coordinator 7400");
    }

    /** They ask coordinators which nodes there are, so they must reach both, also where nobody else may. */
    @Test
    void operatorsReachNodesAndWhoKnowsThem() {
        assertThat(reached(Chart.render("networkPolicy: {grpcClients: [], httpClients: []}")))
                .contains("admin > coordinator 7400", "admin > node 7410")
                .doesNotContain("admin > coordinator 7480", "client > coordinator 7400");
    }

    @Test
    void withoutThemAllIsOpen() {
        assertThat(Chart.render("networkPolicy: {enabled: false}").all("NetworkPolicy"))
                .isEmpty();
    }

    @Test
    void everyPortThatPodsListenOnIsKnownHere() {
        for (JsonNode workload : Chart.example("small").workloads()) {
            for (JsonNode port : Manifests.container(workload).get("ports")) {
                assertThat(PORTS).contains(port.get("containerPort").intValue());
            }
        }
    }
}
