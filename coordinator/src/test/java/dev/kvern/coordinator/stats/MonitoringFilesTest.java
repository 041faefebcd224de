package dev.kvern.coordinator.stats;

import static dev.kvern.coordinator.Members.beat;
import static dev.kvern.coordinator.Members.node;
import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.abort;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.Histogram;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import dev.kvern.v1.Usage;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What Grafana and Prometheus are given under {@code deploy} asks for what the coordinator exports. */
class MonitoringFilesTest {
    private static final Path DEPLOY = Path.of("..", "deploy");
    private static final Path PROMETHEUS = DEPLOY.resolve("prometheus");

    /** Labels that Prometheus adds. */
    private static final Set<String> ADDED = Set.of("instance", "job");

    /** What a coordinator counts itself: of several, each has its own. All else every coordinator has heard from all members. */
    private static final Pattern OWN = Pattern.compile("kvern_(requests|ttft|http_requests|saved|index)_\\w+");

    /** An aggregation of a metric, or of its rate: which one, by what, and the metric. */
    private static final Pattern AGGREGATION = Pattern.compile(
            "\\b(sum|max|min|avg|count)(?: by \\(([^)]*)\\))? \\((?:\\w+\\()?(kvern_\\w+)(?:\\{([^}]*)})?");

    private static final Pattern METRIC = Pattern.compile("\\b(kvern_\\w+)(?:\\{([^}]*)})?");
    private static final Pattern MATCHER = Pattern.compile("(\\w+)\\s*(=~|!=|!~|=)\\s*\"([^\"]*)\"");
    private static final Pattern GROUPING = Pattern.compile("\\b(?:by|on|ignoring)\\s*\\(([^)]*)\\)");
    private static final Pattern LEGEND = Pattern.compile("\\{\\{\\s*(?:\\$labels\\.)?(\\w+)\\s*}}");
    private static final Pattern SAMPLE = Pattern.compile("(kvern_\\w+)(?:\\{(.*)})? \\S+");

    /** Of each exported sample's name, the labels and their values. */
    private final Map<String, Map<String, Set<String>>> exported = exported();

    private static Map<String, Map<String, Set<String>>> exported() {
        var members = new MemberRegistry(new MembershipLimits(100, 400, 10_000, 10), new SteppedClock());
        var metrics = new CoordinatorMetrics(
                new ClusterFigures(members, () -> 0, 0), members, new PrefixIndex(10), new SavedWork());
        members.register(runner("a"));
        members.register(node("n"));
        members.heartbeat(beat("a", withHistograms(RunnerLoad.newBuilder())));
        members.heartbeat(HeartbeatRequest.newBuilder()
                .setMemberId("n")
                .setNode(StatsResponse.newBuilder().setCounters(withHistograms(BlockCounters.newBuilder())))
                .build());
        for (RequestRecord.Outcome outcome : RequestRecord.Outcome.values()) {
            for (int cached : new int[] {0, 1}) {
                var usage = Usage.newBuilder().setCachedLocalTokens(cached).build();
                metrics.ended(new RequestRecord("r", 1, "a", "demo", usage, 2, 3, outcome, 1, null));
            }
        }
        var samples = new TreeMap<String, Map<String, Set<String>>>();
        metrics.scrape().lines().forEach(line -> {
            var sample = SAMPLE.matcher(line);
            if (sample.matches()) {
                Map<String, Set<String>> labels = samples.computeIfAbsent(sample.group(1), name -> new HashMap<>());
                var each = MATCHER.matcher(sample.group(2) == null ? "" : sample.group(2));
                while (each.find()) {
                    labels.computeIfAbsent(each.group(1), name -> new HashSet<>())
                            .add(each.group(3));
                }
            }
        });
        return samples;
    }

    private static <T extends com.google.protobuf.Message.Builder> T withHistograms(T builder) {
        for (FieldDescriptor field : builder.getDescriptorForType().getFields()) {
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                builder.setField(
                        field,
                        Histogram.newBuilder()
                                .addBounds(1)
                                .addCounts(1)
                                .addCounts(2)
                                .setSum(3)
                                .build());
            }
        }
        return builder;
    }

    @Test
    void everyPanelAsksForWhatIsExported() throws IOException {
        JsonNode dashboard =
                new YAMLMapper().readTree(DEPLOY.resolve("grafana/kvern.json").toFile());
        var ids = new TreeSet<Integer>();
        var places = new HashSet<String>();
        int panels = 0;
        for (JsonNode panel : dashboard.get("panels")) {
            assertThat(ids.add(panel.get("id").intValue()))
                    .as("id of %s", panel.get("title"))
                    .isTrue();
            assertThat(places.add(panel.at("/gridPos/x") + " " + panel.at("/gridPos/y")))
                    .as("place of %s", panel.get("title"))
                    .isTrue();
            if (panel.get("type").textValue().equals("row")) {
                continue;
            }
            panels++;
            assertThat(panel.at("/description").asText())
                    .as("description of %s", panel.get("title"))
                    .isNotBlank();
            assertThat(panel.at("/fieldConfig/defaults/unit").asText())
                    .as("unit of %s", panel.get("title"))
                    .isNotBlank();
            for (JsonNode target : panel.get("targets")) {
                requireExported(
                        target.get("expr").textValue(),
                        target.get("legendFormat").textValue());
                requireCountedOnce(target.get("expr").textValue());
            }
        }
        assertThat(panels).isGreaterThan(20);
        for (JsonNode variable : dashboard.at("/templating/list")) {
            if (variable.get("type").textValue().equals("query")) {
                requireExported(variable.get("definition").textValue(), "");
            }
        }
    }

    @Test
    void everyAlertAsksForWhatIsExported() throws IOException {
        var names = new ArrayList<String>();
        JsonNode groups = new YAMLMapper()
                .readTree(PROMETHEUS.resolve("alerts.yaml").toFile())
                .get("groups");
        for (JsonNode group : groups) {
            for (JsonNode rule : group.get("rules")) {
                String name = rule.get("alert").textValue();
                names.add(name);
                for (String annotation : List.of("summary", "description", "runbook")) {
                    assertThat(rule.at("/annotations/" + annotation).asText())
                            .as("%s of %s", annotation, name)
                            .isNotBlank();
                }
                assertThat(rule.at("/labels/severity").asText()).as(name).isIn("critical", "warning", "info");
                requireExported(
                        rule.get("expr").textValue(), rule.get("annotations").toString());
                requireCountedOnce(rule.get("expr").textValue());
            }
        }
        assertThat(names).doesNotHaveDuplicates();
        String tests = Files.readString(PROMETHEUS.resolve("alerts_test.yaml"));
        // Each is seen to fire, and not to.
        assertThat(names)
                .allSatisfy(name -> assertThat(tests.split("alertname: " + name + "\n", -1))
                        .as(name)
                        .hasSizeGreaterThan(2));
    }

    /** Of several coordinators of a cluster, each exports what all members have told it: summed it would count several times. */
    private void requireCountedOnce(String expression) {
        assertThat(AGGREGATION.matcher(expression).results().count())
                .as("metrics of which not all are aggregated: %s", expression)
                .isEqualTo(METRIC.matcher(expression).results().count());
        var aggregation = AGGREGATION.matcher(expression);
        while (aggregation.find()) {
            String name = aggregation.group(3);
            List<String> by = aggregation.group(2) == null
                    ? List.of()
                    : List.of(aggregation.group(2).split(",\\s*"));
            if (OWN.matcher(name).matches()) {
                assertThat(aggregation.group(1))
                        .as("%s in %s", name, expression)
                        .isEqualTo("sum");
            } else if (!by.contains("instance")) {
                // Or counted: at how many coordinators something is so.
                assertThat(aggregation.group(1))
                        .as("%s in %s", name, expression)
                        .isIn("max", "count");
                assertThat(by)
                        .as("what tells one %s from another in %s", name, expression)
                        .containsAll(exported.getOrDefault(name, Map.of()).keySet());
            }
        }
    }

    @Test
    void whatCountsTwiceIsFound() {
        for (String wrong : List.of(
                "sum (rate(kvern_generated_tokens_total[5m]))",
                "max (kvern_runner_queued_requests)",
                "sum by (reason) (max by (id) (rate(kvern_node_evicted_blocks_total[5m])))",
                "max by (outcome) (rate(kvern_requests_total[5m]))",
                "max (kvern_index_blocks) / kvern_index_blocks")) {
            assertThatThrownBy(() -> requireCountedOnce(wrong)).as(wrong).isInstanceOf(AssertionError.class);
        }
    }

    private void requireExported(String expression, String shown) {
        var labels = new HashSet<>(ADDED);
        var metric = METRIC.matcher(expression);
        while (metric.find()) {
            String name = metric.group(1);
            assertThat(exported).as(expression).containsKey(name);
            Map<String, Set<String>> known = exported.getOrDefault(name, Map.of());
            labels.addAll(known.keySet());
            var matcher = MATCHER.matcher(metric.group(2) == null ? "" : metric.group(2));
            while (matcher.find()) {
                String label = matcher.group(1);
                if (!ADDED.contains(label)) {
                    assertThat(known).as("labels of %s in %s", name, expression).containsKey(label);
                    assertThat(known.getOrDefault(label, Set.of()))
                            .as("values of %s of %s", label, name)
                            .contains(matcher.group(3).split("\\|"));
                }
            }
        }
        var grouping = GROUPING.matcher(expression);
        while (grouping.find()) {
            for (String label : grouping.group(1).split(",")) {
                assertThat(label.isBlank() || labels.contains(label.strip()))
                        .as("label %s in %s", label, expression)
                        .isTrue();
            }
        }
        var legend = LEGEND.matcher(shown);
        while (legend.find()) {
            assertThat(labels).as("what is shown of %s", expression).contains(legend.group(1));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"check rules alerts.yaml", "check config prometheus.yaml", "test rules alerts_test.yaml"})
    void promtoolIsContent(String command) throws IOException, InterruptedException {
        var arguments = new ArrayList<>(List.of("promtool"));
        arguments.addAll(List.of(command.split(" ")));
        Process promtool;
        try {
            promtool = new ProcessBuilder(arguments)
                    .directory(PROMETHEUS.toFile())
                    .redirectErrorStream(true)
                    .start();
        } catch (IOException e) {
            abort("no promtool (Debian: apt-get install prometheus): " + e.getMessage());
            return;
        }
        String said = new String(promtool.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(promtool.waitFor()).as(said).isZero();
    }
}
