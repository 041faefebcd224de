package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Autoscaling: one autoscaler for a target, and the right number of replicas for what Prometheus has. */
class ChartScalingTest {
    private static final String JOB = "kvern-llm-kvern";

    /** Of the HorizontalPodAutoscaler, horizontal-pod-autoscaler-tolerance, which nobody changes. */
    private static final double TOLERANCE = 0.1;

    @TempDir
    private Path directory;

    static List<Path> examples() {
        return Chart.examples();
    }

    private static List<JsonNode> scalers(Manifests manifests) {
        return Stream.concat(manifests.all("ScaledObject").stream(), manifests.all("HorizontalPodAutoscaler").stream())
                .toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void oneDecidesHowManyThereAre(Path values) {
        Manifests manifests = Chart.example(values);
        var decided = new TreeMap<String, Integer>();
        for (JsonNode scaler : scalers(manifests)) {
            JsonNode target = scaler.at("/spec/scaleTargetRef");
            manifests.get(target.get("kind").textValue(), target.get("name").textValue());
            decided.merge(target.get("name").textValue(), 1, Integer::sum);
        }
        for (JsonNode workload : manifests.workloads()) {
            int replicas = workload.get("spec").has("replicas") ? 1 : 0;
            assertThat(decided.getOrDefault(Manifests.name(workload), 0) + replicas)
                    .as("who decides on %s", Manifests.name(workload))
                    .isOne();
        }
        assertThat(manifests.all("ScaledObject").isEmpty()
                        || manifests.all("HorizontalPodAutoscaler").isEmpty())
                .isTrue();
    }

    @Test
    void fewerComeSlowlyAndNodesOneAtATime() {
        for (String example : List.of("keda", "hpa")) {
            Manifests manifests = Chart.example(example);
            assertThat(scalers(manifests)).hasSizeGreaterThan(1).allSatisfy(scaler -> {
                JsonNode down = scaler.findValue("scaleDown");
                boolean nodes =
                        scaler.at("/spec/scaleTargetRef/kind").textValue().equals("StatefulSet");
                assertThat(down.get("stabilizationWindowSeconds").asInt()).isGreaterThanOrEqualTo(nodes ? 1_800 : 600);
                assertThat(down.at("/policies/0/value").asInt()).isOne();
                JsonNode up = scaler.findValue("scaleUp");
                assertThat(up.at("/policies/0/value").asInt()).isOne();
                if (nodes) {
                    assertThat(up.at("/policies/0/periodSeconds").asInt())
                            .as("what was evicted before the last one came has left the window of ten minutes")
                            .isBetween(600, 1_800);
                    JsonNode set = manifests.get(
                            "StatefulSet",
                            scaler.at("/spec/scaleTargetRef/name").textValue());
                    assertThat(down.at("/policies/0/periodSeconds").asInt())
                            .as("one has drained before the next is told to")
                            .isGreaterThan(set.at("/spec/template/spec/terminationGracePeriodSeconds")
                                    .asInt());
                }
            });
        }
    }

    @Test
    void neverFewerNodesThanCopies() {
        for (JsonNode set : Chart.example("keda").all("ScaledObject")) {
            if (set.at("/spec/scaleTargetRef/kind").textValue().equals("StatefulSet")) {
                assertThat(set.at("/spec/minReplicaCount").asInt()).isGreaterThanOrEqualTo(2);
            }
        }
        // Two zones share three at least and nine at most.
        for (JsonNode scaler : Chart.example("hpa").all("HorizontalPodAutoscaler")) {
            if (Manifests.name(scaler).startsWith("kvern-node")) {
                assertThat(scaler.at("/spec/minReplicas").asInt()).isEqualTo(2);
                assertThat(scaler.at("/spec/maxReplicas").asInt()).isEqualTo(5);
            }
        }
    }

    @Test
    void withoutAnAnswerNothingIsScaled() {
        for (JsonNode scaler : Chart.example("keda").all("ScaledObject")) {
            assertThat(scaler.at("/spec/triggers")).allSatisfy(trigger -> {
                assertThat(trigger.at("/metadata/ignoreNullValues").textValue()).isEqualTo("false");
                assertThat(trigger.at("/authenticationRef/name").textValue()).isEqualTo("prometheus");
            });
        }
    }

    /** Both ways ask the same: the recorded series are what KEDA asks. */
    @Test
    void bothWaysAskTheSame() {
        var values = """
                monitoring: {prometheusRule: {enabled: true}}
                autoscaling: {keda: {enabled: %s}}
                node: {autoscaling: {enabled: true}}
                models: {demo: {volume: {hostPath: /m}, autoscaling: {enabled: true}}}
                """;
        Manifests keda = Chart.render(values.formatted("true"));
        Manifests plain = Chart.render(values.formatted("false"));
        var asked = new TreeMap<String, String>();
        for (JsonNode scaler : keda.all("ScaledObject")) {
            for (JsonNode trigger : scaler.at("/spec/triggers")) {
                asked.put(
                        Manifests.name(scaler) + " "
                                + trigger.get("name").textValue().replace('-', '_'),
                        trigger.at("/metadata/query").textValue() + " / "
                                + trigger.at("/metadata/threshold").textValue());
            }
        }
        var recorded = new TreeMap<String, String>();
        for (JsonNode scaler : plain.all("HorizontalPodAutoscaler")) {
            for (JsonNode metric : scaler.at("/spec/metrics")) {
                JsonNode external = metric.get("external");
                JsonNode labels = external.at("/metric/selector/matchLabels");
                String name = external.at("/metric/name").textValue();
                JsonNode rule = plain.get("PrometheusRule", "kvern").findParents("record").stream()
                        .filter(each -> each.get("record").textValue().equals(name)
                                && each.get("labels").equals(labels))
                        .findFirst()
                        .orElseThrow(() -> new AssertionError("nothing records " + external));
                recorded.put(
                        labels.get("target").textValue() + " " + name,
                        rule.get("expr").textValue() + " / "
                                + external.at("/target/averageValue").textValue());
            }
        }
        assertThat(recorded).hasSize(4).isEqualTo(asked);
    }

    /**
     * What an autoscaler makes of a moment: as many replicas as the largest of its metrics asks for, each divided by what one replica
     * bears, and one more at most. Two coordinators export the same, as they do.
     *
     * @param used part of each node's region that is used, and how long its evicted blocks had been held; 0 where none is evicted
     */
    @ParameterizedTest
    @CsvSource({
        // nodes, used, lifetime: wanted
        "3, 0.50,     0, 2",
        "3, 0.30,     0, 1",
        "4, 0.60,     0, 3",
        // Full, and blocks are evicted after an hour: as it should be.
        "3, 0.89,  3600, 3",
        "6, 0.89,  3600, 6",
        // Evicted within minutes: one more.
        "3, 0.89,   100, 4",
        "6, 0.89,   100, 7",
        "10, 0.89,  100, 11",
        "40, 0.89,  100, 41",
        // As many as there are, but for a tenth.
        "20, 0.85, 3600, 20",
        // Evicted after eight hours, where four are enough: half will do.
        "6, 0.89, 28800, 3",
    })
    void nodesByOccupancyAndEvictions(int nodes, double used, int lifetime, int wanted) throws Exception {
        var series = new ArrayList<String>();
        for (String instance : List.of("a", "b")) {
            for (int i = 0; i < nodes; i++) {
                String labels = "{job=\"" + JOB + "\", instance=\"" + instance + "\", id=\"kvern-node-" + i + "\"";
                series.add("kvern_node_used_bytes" + labels + "} " + (long) (used * 1e9) + "x60");
                series.add("kvern_node_capacity_bytes" + labels + "} 1000000000x60");
                series.add("kvern_member_up" + labels + ", role=\"node\"} 1x60");
                for (int bound : List.of(50, 150, 1_800, 5_400, 14_400, 43_200)) {
                    series.add("kvern_node_lifetime_seconds_bucket" + labels + ", le=\"" + bound + "\"} "
                            + (lifetime > 0 && lifetime <= bound ? "0+60x60" : "0x60"));
                }
                series.add("kvern_node_lifetime_seconds_bucket" + labels + ", le=\"+Inf\"} "
                        + (lifetime > 0 ? "0+60x60" : "0x60"));
            }
            String down = "{job=\"" + JOB + "\", instance=\"" + instance + "\", id=\"kvern-node-99\"";
            series.add("kvern_node_used_bytes" + down + "} 1000000000x60");
            series.add("kvern_node_capacity_bytes" + down + "} 1000000000x60");
            series.add("kvern_member_up" + down + ", role=\"node\"} 0x60");
            series.add("kvern_node_used_bytes{job=\"another\", instance=\"" + instance + "\", id=\"x\"} 9000000000x60");
        }
        int most = nodes
                + Chart.example("keda")
                        .get("ScaledObject", "kvern-node")
                        .findValue("scaleUp")
                        .at("/policies/0/value")
                        .intValue();
        assertThat(Math.min(wanted("kvern-node", nodes, series), most)).isEqualTo(wanted);
    }

    @ParameterizedTest
    @CsvSource({
        // tokens and requests that wait, requests that run, at each of two: wanted
        "0, 0, 0, 0",
        "0, 0, 4, 1",
        "1000, 1, 4, 1",
        "4096, 2, 8, 2",
        "20000, 2, 8, 10",
        "0, 0, 16, 3",
        "100, 20, 16, 6",
    })
    void runnersByWhatWaits(int tokens, int waiting, int running, int wanted) throws Exception {
        var series = new ArrayList<String>();
        for (String instance : List.of("a", "b")) {
            for (String id : List.of("kvern-runner-demo-7d4b9c6f5-abcde", "kvern-runner-demo-7d4b9c6f5-fghij")) {
                String labels = "{job=\"" + JOB + "\", instance=\"" + instance + "\", id=\"" + id + "\"} ";
                series.add("kvern_runner_queued_prefill_tokens" + labels + tokens + "x60");
                series.add("kvern_runner_queued_requests" + labels + waiting + "x60");
                series.add("kvern_runner_running_requests" + labels + running + "x60");
                series.add("kvern_member_up" + labels.replace("} ", ", role=\"runner\"} ") + "1x60");
            }
            // One that is down, or drains, with what it last had.
            String down =
                    "{job=\"" + JOB + "\", instance=\"" + instance + "\", id=\"kvern-runner-demo-7d4b9c6f5-downe\"";
            series.add("kvern_runner_queued_prefill_tokens" + down + "} 900000x60");
            series.add("kvern_runner_running_requests" + down + "} 16x60");
            series.add("kvern_member_up" + down + ", role=\"runner\"} 0x60");
            // Another model's, whose name begins with this one's.
            series.add("kvern_member_up{job=\"" + JOB + "\", instance=\"" + instance
                    + "\", id=\"kvern-runner-demo-large-7d4b9c6f5-abcde\", role=\"runner\"} 1x60");
            series.add("kvern_runner_queued_prefill_tokens{job=\"" + JOB + "\", instance=\"" + instance
                    + "\", id=\"kvern-runner-demo-large-7d4b9c6f5-abcde\"} 900000x60");
        }
        assertThat(wanted("kvern-runner-demo", 2, series)).isEqualTo(wanted);
    }

    /** A quarter of an hour after the pressure has ended, as one node more was enough, no other comes. */
    @Test
    void whatIsOverIsNotMetAgain() throws Exception {
        var series = new ArrayList<String>();
        for (int i = 0; i < 4; i++) {
            String labels = "{job=\"" + JOB + "\", instance=\"a\", id=\"kvern-node-" + i + "\"";
            series.add("kvern_node_used_bytes" + labels + "} 890000000x60");
            series.add("kvern_node_capacity_bytes" + labels + "} 1000000000x60");
            series.add("kvern_member_up" + labels + ", role=\"node\"} 1x60");
            // Young ones until a quarter of an hour ago, then old ones.
            series.add("kvern_node_lifetime_seconds_bucket" + labels + ", le=\"150\"} 0+60x30|1800x30");
            series.add("kvern_node_lifetime_seconds_bucket" + labels + ", le=\"14400\"} 0+60x60");
            series.add("kvern_node_lifetime_seconds_bucket" + labels + ", le=\"+Inf\"} 0+60x60");
        }
        assertThat(wanted("kvern-node", 4, series)).isEqualTo(4);
    }

    /**
     * Replicas that the target's autoscaler comes to after three quarters of an hour of these series, between no bounds. As the
     * HorizontalPodAutoscaler does, it leaves as many as there are where a metric asks for a tenth more or less.
     */
    private int wanted(String target, int replicas, List<String> series) throws IOException, InterruptedException {
        Map<String, BigDecimal> shares = new TreeMap<>();
        var rules = new StringBuilder("groups:\n  - name: scaling\n    rules:\n");
        for (JsonNode trigger :
                Chart.example("keda").get("ScaledObject", target).at("/spec/triggers")) {
            String name = trigger.get("name").textValue().replace('-', '_');
            shares.put(name, new BigDecimal(trigger.at("/metadata/threshold").textValue()));
            rules.append("      - record: ").append(name).append("\n        expr: '");
            rules.append(trigger.at("/metadata/query").textValue()).append("'\n");
        }
        Files.writeString(directory.resolve("rules.yaml"), rules);
        var test = new StringBuilder("rule_files: [rules.yaml]\nevaluation_interval: 1m\ntests:\n  - interval: 1m\n");
        test.append("    input_series:\n");
        for (String each : series) {
            int space = each.lastIndexOf(' ');
            test.append("      - series: '").append(each, 0, space).append("'\n        values: '");
            test.append(each.substring(space + 1).replace('|', ' ')).append("'\n");
        }
        // It says what it got where that is not what was expected.
        test.append("    promql_expr_test:\n");
        shares.keySet()
                .forEach(name -> test.append("      - {expr: ").append(name).append(", eval_time: 45m}\n"));
        Files.writeString(directory.resolve("test.yaml"), test);
        String said = promtool();
        int wanted = 0;
        for (var share : shares.entrySet()) {
            Matcher got = Pattern.compile(
                            "expr: \"" + share.getKey() + "\", time: 45m,\\s+exp: nil\\s+got: \\{[^}]*} (\\S+)")
                    .matcher(said);
            assertThat(got.find())
                    .as("%s in what promtool said: %s", share.getKey(), said)
                    .isTrue();
            BigDecimal asked = new BigDecimal(got.group(1)).divide(share.getValue(), 6, RoundingMode.HALF_UP);
            boolean near = Math.abs(asked.doubleValue() / replicas - 1) <= TOLERANCE;
            wanted = Math.max(
                    wanted,
                    near ? replicas : asked.setScale(0, RoundingMode.CEILING).intValueExact());
        }
        return wanted;
    }

    private String promtool() throws IOException, InterruptedException {
        Process promtool;
        try {
            promtool = new ProcessBuilder("promtool", "test", "rules", "test.yaml")
                    .directory(directory.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            return abort("no promtool (Debian: apt-get install prometheus): " + e.getMessage());
        }
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        promtool.waitFor();
        return said;
    }
}
