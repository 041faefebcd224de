package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where pods run, and how many of them. */
class ChartPlacementTest {
    @ParameterizedTest
    @CsvSource({"3,3,1 1 1", "7,3,3 2 2", "8,3,3 3 2", "2,1,2", "5,5,1 1 1 1 1"})
    void zonesShareTheNodes(int replicas, int zones, String shares) {
        var names = "abcde".substring(0, zones).replaceAll("(.)", "z$1, ");
        Manifests manifests =
                Chart.render("node: {replicas: " + replicas + ", zones: [" + names.replaceAll(", $", "") + "]}");
        assertThat(manifests.all("StatefulSet").stream()
                        .map(set -> set.at("/spec/replicas").asText())
                        .toList())
                .containsExactly(shares.split(" "));
    }

    @Test
    void aZonesNodesStayThereAndKnowIt() {
        Manifests manifests = Chart.example("zones");
        var pinned = new TreeMap<String, String>();
        for (JsonNode set : manifests.all("StatefulSet")) {
            JsonNode term = set.at("/spec/template/spec/affinity/nodeAffinity"
                    + "/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0");
            assertThat(term.get("key").textValue()).isEqualTo("topology.kubernetes.io/zone");
            assertThat(term.get("operator").textValue()).isEqualTo("In");
            assertThat(term.get("values")).hasSize(1);
            assertThat(Manifests.environment(Manifests.container(set), "ZONE"))
                    .isEqualTo(term.at("/values/0").textValue());
            pinned.put(Manifests.name(set), term.at("/values/0").textValue());
            // They are one cluster: all are behind one Service.
            assertThat(set.at("/spec/serviceName").textValue()).isEqualTo("kvern-node");
        }
        assertThat(pinned)
                .isEqualTo(new TreeMap<>(
                        Map.of("kvern-node-eu-a", "eu-a", "kvern-node-eu-b", "eu-b", "kvern-node-eu-c", "eu-c")));
    }

    @Test
    void zonesMayHaveLongNames() {
        String stem = "a-zone-whose-name-is-as-long-as-labels-can-be-which-is-63-char";
        Manifests manifests = Chart.render(
                "{fullnameOverride: a-name-of-26-characters-ab, node: {replicas: 3, zones: [%s1, %s2, '3']}}"
                        .formatted(stem, stem));
        assertThat(manifests.all("StatefulSet").stream().map(Manifests::name).distinct())
                .hasSize(3)
                .contains("a-name-of-26-characters-ab-node-3")
                .allSatisfy(name -> assertThat(name).hasSizeLessThanOrEqualTo(52));
        for (JsonNode set : manifests.all("StatefulSet")) {
            StrictModels.check(set);
            assertThat(Manifests.podLabels(set).get("kvern.dev/zone"))
                    .hasSizeBetween(1, 63)
                    .isEqualTo(Manifests.environment(Manifests.container(set), "ZONE"));
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'',                                      1, 0",
        "'antiAffinity: required',                0, 1",
        "'antiAffinity: required, rollout: {maxSurge: 1}', 1, 0",
        "'rollout: {maxSurge: 0}',                0, 1",
        "'rollout: {maxSurge: 3, maxUnavailable: 2}', 3, 2",
    })
    void coordinatorsAreReplacedWhereThereIsRoom(String values, int surge, int missing) {
        JsonNode update = Chart.render("coordinator: {" + values + "}")
                .get("Deployment", "kvern-coordinator")
                .at("/spec/strategy/rollingUpdate");
        assertThat(update.get("maxSurge").intValue()).isEqualTo(surge);
        assertThat(update.get("maxUnavailable").intValue()).isEqualTo(missing);
    }

    /** Nodes that are not ready have blocks all the same. */
    @Test
    void onlyWhatServesNobodyIsEvictedFreely() {
        for (JsonNode budget : Chart.example("small").all("PodDisruptionBudget")) {
            assertThat(budget.at("/spec/unhealthyPodEvictionPolicy").asText("IfHealthyBudget"))
                    .as(Manifests.name(budget))
                    .isEqualTo(Manifests.name(budget).equals("kvern-node") ? "IfHealthyBudget" : "AlwaysAllow");
        }
    }

    /** Else a change would stop a node in each zone at the same time. */
    @Test
    void aChangeReachesOneZoneAtATime() {
        Manifests manifests = Chart.example("zones");
        assertThat(manifests.all("StatefulSet"))
                .allSatisfy(set -> assertThat(set.at("/spec/updateStrategy/rollingUpdate/partition")
                                .asInt(0))
                        .as(Manifests.name(set))
                        .isEqualTo(Manifests.name(set).equals("kvern-node-eu-b") ? 0 : 1_000_000));
        assertThat(Chart.example("default")
                        .get("StatefulSet", "kvern-node")
                        .at("/spec/updateStrategy")
                        .has("rollingUpdate"))
                .isFalse();
    }

    @Test
    void withoutZonesTheSchedulerSpreadsAndTheLabelSays() {
        JsonNode set = Chart.example("default").get("StatefulSet", "kvern-node");
        JsonNode pod = set.at("/spec/template/spec");
        assertThat(pod.at("/topologySpreadConstraints/0/topologyKey").textValue())
                .isEqualTo("topology.kubernetes.io/zone");
        assertThat(pod.at("/topologySpreadConstraints/0/whenUnsatisfiable").textValue())
                .isEqualTo("ScheduleAnyway");
        assertThat(Manifests.container(set).at("/env").toString())
                .contains("metadata.labels['topology.kubernetes.io/zone']");
    }

    @ParameterizedTest
    @CsvSource({
        "preferred,preferredDuringSchedulingIgnoredDuringExecution",
        "required,requiredDuringSchedulingIgnoredDuringExecution"
    })
    void nodesKeepApart(String how, String term) {
        JsonNode set = Chart.render("node: {antiAffinity: " + how + "}").get("StatefulSet", "kvern-node");
        JsonNode apart = set.at("/spec/template/spec/affinity/podAntiAffinity");
        assertThat(apart.size()).isOne();
        assertThat(apart.get(term).toString())
                .contains("kubernetes.io/hostname")
                .contains("\"node\"");
    }

    /** Longer than name servers remember, and not so long that the kubelet ends it first. */
    @ParameterizedTest
    @CsvSource({"'', 40000", "'startupSeconds: 60', 30000", "'config: {ignite: {found_after_millis: 7000}}', 7000"})
    void aNodeLooksForOthersBeforeItBeginsACluster(String values, int millis) {
        Manifests manifests = Chart.render("node: {" + values + "}");
        JsonNode set = manifests.get("StatefulSet", "kvern-node");
        assertThat(ChartPodsTest.config(manifests, set)
                        .at("/ignite/found_after_millis")
                        .intValue())
                .isEqualTo(millis);
        JsonNode probe = Manifests.container(set).get("startupProbe");
        assertThat(probe.get("failureThreshold").intValue()
                        * probe.get("periodSeconds").intValue())
                .isGreaterThanOrEqualTo(millis * 2 / 1_000);
    }

    /** A scale-in by several would stop copies together. */
    @Test
    void nodesStartAndStopOneAfterTheOther() {
        JsonNode spec =
                Chart.example("default").get("StatefulSet", "kvern-node").get("spec");
        assertThat(spec.get("podManagementPolicy").textValue()).isEqualTo("OrderedReady");
        assertThat(spec.at("/updateStrategy/type").textValue()).isEqualTo("RollingUpdate");
        assertThat(spec.get("minReadySeconds").intValue()).isPositive();
        assertThat(Chart.example("default")
                        .get("PodDisruptionBudget", "kvern-node")
                        .at("/spec/maxUnavailable")
                        .intValue())
                .isOne();
    }

    @Test
    void volumesAreThereWhenAskedFor() {
        assertThat(Chart.example("default")
                        .get("StatefulSet", "kvern-node")
                        .get("spec")
                        .has("volumeClaimTemplates"))
                .isFalse();
        JsonNode spec =
                Chart.example("everything").get("StatefulSet", "cache-node").get("spec");
        assertThat(spec.at("/volumeClaimTemplates/0/spec/resources/requests/storage")
                        .textValue())
                .isEqualTo("100Gi");
        assertThat(spec.at("/persistentVolumeClaimRetentionPolicy/whenScaled").textValue())
                .isEqualTo("Delete");
    }
}
