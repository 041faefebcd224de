package dev.kvern.coordinator.stats;

import static dev.kvern.coordinator.Members.beat;
import static dev.kvern.coordinator.Members.node;
import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;

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
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CoordinatorMetricsTest {
    /** Not exported by itself: its parts are. */
    private static final int SUM_OF_REASONS = RunnerLoad.FETCH_FAILURES_FIELD_NUMBER;

    private static final int FIRST_VALUE = 100_000;

    private static final Histogram HISTOGRAM = Histogram.newBuilder()
            .addAllBounds(List.of(1.0, 5.0))
            .addAllCounts(List.of(4L, 0L, 2L))
            .setSum(33.5)
            .build();

    private final MemberRegistry members =
            new MemberRegistry(new MembershipLimits(100, 400, 10_000, 10), new SteppedClock());
    private final CoordinatorMetrics metrics = new CoordinatorMetrics(
            new ClusterFigures(members, () -> 0, 0), members, new PrefixIndex(10), new SavedWork());

    @BeforeEach
    void register() {
        members.register(runner("a"));
        members.register(node("n"));
    }

    /** A field that is added to the heartbeat and forgotten here fails this test. */
    @Test
    void everyFigureOfARunnerIsExported() {
        var load = RunnerLoad.newBuilder();
        var expected = new HashMap<String, Double>();
        for (FieldDescriptor field : RunnerLoad.getDescriptor().getFields()) {
            int value = FIRST_VALUE + 1_000 * field.getNumber();
            Object typed = switch (field.getJavaType()) {
                case INT -> value;
                case LONG -> (long) value;
                case MESSAGE -> HISTOGRAM.toBuilder().setSum(value).build();
                default -> (double) value;
            };
            load.setField(field, typed);
            if (field.getNumber() != SUM_OF_REASONS) {
                expected.put(field.getName(), field.getName().endsWith("_millis") ? value / 1_000.0 : value);
            }
        }
        members.heartbeat(beat("a", load));
        assertThat(samples().values()).containsAll(expected.values());
    }

    @Test
    void whatRunnersCountIsSummedAndNamedWithItsUnit() {
        members.register(runner("b"));
        members.heartbeat(beat(
                "a",
                RunnerLoad.newBuilder().setQueueMillis(1_500).setDecodeSteps(4).setDecodedTokens(12)));
        members.heartbeat(beat(
                "b",
                RunnerLoad.newBuilder()
                        .setQueueMillis(250)
                        .setDecodedTokens(1)
                        .setFetchCorrupt(3)
                        .setPrefillTokensPerSecond(700)));
        assertThat(samples())
                .containsEntry("kvern_queue_seconds_total", 1.75)
                .containsEntry("kvern_decode_steps_total", 4.0)
                .containsEntry("kvern_decode_tokens_total", 13.0)
                .containsEntry("kvern_fetch_failures_total{reason=\"corrupt\"}", 3.0)
                .containsEntry("kvern_fetch_failures_total{reason=\"timeout\"}", 0.0)
                .containsEntry("kvern_runner_prefill_tokens_per_second{id=\"b\"}", 700.0)
                .containsEntry("kvern_runner_prefill_tokens_per_second{id=\"a\"}", 0.0);
    }

    @Test
    void histogramsOfRunnersAreAddedUp() {
        members.register(runner("b"));
        for (String id : List.of("a", "b")) {
            members.heartbeat(beat(
                    id, RunnerLoad.newBuilder().setFetchHitSeconds(HISTOGRAM).setPutSeconds(HISTOGRAM)));
        }
        // One of other buckets cannot be added to them.
        members.register(runner("c"));
        members.heartbeat(beat(
                "c",
                RunnerLoad.newBuilder()
                        .setPutSeconds(
                                Histogram.newBuilder().addBounds(2).addCounts(1).addCounts(1))));
        assertThat(samples())
                .containsEntry("kvern_fetch_seconds_bucket{outcome=\"hit\",le=\"1.0\"}", 8.0)
                .containsEntry("kvern_fetch_seconds_bucket{outcome=\"hit\",le=\"+Inf\"}", 12.0)
                .containsEntry("kvern_fetch_seconds_count{outcome=\"hit\"}", 12.0)
                .containsEntry("kvern_fetch_seconds_sum{outcome=\"hit\"}", 67.0)
                .doesNotContainKey("kvern_fetch_seconds_count{outcome=\"miss\"}");
        assertThat(metrics.scrape().lines()).contains("# TYPE kvern_fetch_seconds histogram");
        // What a runner counted stays when it leaves.
        members.deregister("a");
        assertThat(samples()).containsEntry("kvern_fetch_seconds_count{outcome=\"hit\"}", 12.0);
    }

    @Test
    void theReadmeNamesEveryMetricAndNoOther() throws IOException {
        members.heartbeat(nodeBeat(BlockCounters.newBuilder()
                .setGetSeconds(HISTOGRAM)
                .setGetFirstSeconds(HISTOGRAM)
                .setPutSeconds(HISTOGRAM)
                .setBlockBytes(HISTOGRAM)
                .setLifetimeSeconds(HISTOGRAM)
                .setReuseGapSeconds(HISTOGRAM)));
        members.heartbeat(beat(
                "a",
                RunnerLoad.newBuilder()
                        .setFetchHitSeconds(HISTOGRAM)
                        .setFetchBytes(HISTOGRAM)
                        .setPutSeconds(HISTOGRAM)));
        metrics.ended(new RequestRecord(
                "r", 1, "a", "demo", Usage.getDefaultInstance(), 2, 3, RequestRecord.Outcome.STOP, 1, null));
        metrics.served("/v1/models", 200);
        var exported = metrics.scrape()
                .lines()
                .filter(line -> line.startsWith("# TYPE kvern_"))
                .map(line -> line.split(" ")[2])
                .collect(Collectors.toCollection(TreeSet::new));
        var documented = new TreeSet<String>();
        for (String line : Files.readAllLines(Path.of("README.md"))) {
            var row = Pattern.compile("^\\| `(kvern_\\w+)(\\{\\w+})?` \\|").matcher(line);
            if (row.find()) {
                documented.add(row.group(1));
            }
        }
        assertThat(documented).isEqualTo(exported);
    }

    /** As is one that is added to a node's. */
    @Test
    void everyFigureOfANodeIsExported() {
        var counters = BlockCounters.newBuilder();
        var expected = new ArrayList<Double>();
        for (FieldDescriptor field : BlockCounters.getDescriptor().getFields()) {
            double value = FIRST_VALUE + 1_000 * field.getNumber();
            if (field.getJavaType() == FieldDescriptor.JavaType.MESSAGE) {
                counters.setField(field, HISTOGRAM.toBuilder().setSum(value).build());
                expected.add(value);
            } else {
                counters.setField(field, (long) value);
                if (field.getNumber() != BlockCounters.PUT_REJECTED_FIELD_NUMBER) {
                    expected.add(value);
                }
            }
        }
        members.heartbeat(nodeBeat(counters));
        assertThat(samples().values()).containsAll(expected);
    }

    @Test
    void whatNodesCountAreCountersAndHistograms() {
        members.heartbeat(nodeBeat(BlockCounters.newBuilder()
                .setGetBlocks(7)
                .setEvictedBlocks(3)
                .setEvictedGoneBlocks(1)
                .setRejectedChecksum(2)
                .setReuseGapSeconds(HISTOGRAM)));
        assertThat(samples())
                .containsEntry("kvern_node_get_blocks_total{id=\"n\"}", 7.0)
                .containsEntry("kvern_node_evicted_blocks_total{id=\"n\",reason=\"watermark\"}", 3.0)
                .containsEntry("kvern_node_evicted_blocks_total{id=\"n\",reason=\"gone\"}", 1.0)
                .containsEntry("kvern_node_rejected_blocks_total{id=\"n\",reason=\"checksum\"}", 2.0)
                .containsEntry("kvern_node_rejected_blocks_total{id=\"n\",reason=\"size\"}", 0.0)
                // Buckets of the text form hold all below their bound, too.
                .containsEntry("kvern_node_reuse_gap_seconds_bucket{id=\"n\",le=\"1.0\"}", 4.0)
                .containsEntry("kvern_node_reuse_gap_seconds_bucket{id=\"n\",le=\"5.0\"}", 4.0)
                .containsEntry("kvern_node_reuse_gap_seconds_bucket{id=\"n\",le=\"+Inf\"}", 6.0)
                .containsEntry("kvern_node_reuse_gap_seconds_count{id=\"n\"}", 6.0)
                .containsEntry("kvern_node_reuse_gap_seconds_sum{id=\"n\"}", 33.5)
                // Nothing is known yet: no histogram of zeros.
                .doesNotContainKey("kvern_node_get_seconds_count{id=\"n\"}");
        assertThat(metrics.scrape().lines())
                .contains(
                        "# TYPE kvern_node_get_blocks_total counter",
                        "# TYPE kvern_node_evicted_blocks_total counter",
                        "# TYPE kvern_node_reuse_gap_seconds histogram",
                        "# TYPE kvern_node_used_bytes gauge");
    }

    private static HeartbeatRequest nodeBeat(BlockCounters.Builder counters) {
        return HeartbeatRequest.newBuilder()
                .setMemberId("n")
                .setNode(StatsResponse.newBuilder().setCounters(counters))
                .build();
    }

    /** Name, with labels, and value of each sample. */
    private Map<String, Double> samples() {
        var samples = new HashMap<String, Double>();
        metrics.scrape()
                .lines()
                .filter(line -> line.startsWith("kvern_"))
                .forEach(line -> samples.put(
                        line.substring(0, line.lastIndexOf(' ')),
                        Double.valueOf(line.substring(line.lastIndexOf(' ') + 1))));
        return samples;
    }
}
