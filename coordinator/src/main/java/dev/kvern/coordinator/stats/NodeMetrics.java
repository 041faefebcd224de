package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.Histogram;
import dev.kvern.v1.MemberRole;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * What each cache node counts, as counters and histograms with the node's id: they begin at zero when a node starts again, which
 * Prometheus expects of counters. Safe for use by several threads.
 */
final class NodeMetrics implements MultiCollector {
    private static final List<Count> COUNTS = List.of(
            count("kvern_node_get_blocks", "Blocks asked for", BlockCounters::getGetBlocks),
            count("kvern_node_get_hits", "Of those, found", BlockCounters::getGetHits),
            count("kvern_node_get_hit_tokens", "Tokens that those stand for", BlockCounters::getGetHitTokens),
            count("kvern_node_match_blocks", "Keys of chains that were looked up", BlockCounters::getMatchBlocks),
            count("kvern_node_match_hits", "Of those, leading ones that were stored", BlockCounters::getMatchHits),
            count("kvern_node_put_blocks", "Blocks offered", BlockCounters::getPutBlocks),
            count("kvern_node_put_stored", "Of those, newly stored", BlockCounters::getPutStored),
            count("kvern_node_put_stored_tokens", "Tokens that those stand for", BlockCounters::getPutStoredTokens),
            count("kvern_node_put_existing", "Blocks offered that were there already", BlockCounters::getPutExisting),
            because("kvern_node_rejected_blocks", "size", "Blocks not taken", BlockCounters::getRejectedSize),
            because("kvern_node_rejected_blocks", "checksum", "", BlockCounters::getRejectedChecksum),
            because("kvern_node_rejected_blocks", "budget", "", BlockCounters::getRejectedBudget),
            because("kvern_node_rejected_blocks", "malformed", "", BlockCounters::getRejectedMalformed),
            because("kvern_node_rejected_blocks", "unavailable", "", BlockCounters::getRejectedUnavailable),
            because("kvern_node_evicted_blocks", "watermark", "Blocks evicted", BlockCounters::getEvictedBlocks),
            because("kvern_node_evicted_blocks", "gone", "", BlockCounters::getEvictedGoneBlocks),
            count("kvern_node_deleted_blocks", "Blocks removed by request", BlockCounters::getDeletedBlocks),
            count("kvern_node_corrupt_blocks", "Corrupt copies found", BlockCounters::getCorruptBlocks),
            count(
                    "kvern_node_healed_blocks",
                    "Blocks with a corrupt copy that were put right from another owner's",
                    BlockCounters::getHealedBlocks),
            count(
                    "kvern_node_held_back_blocks",
                    "Blocks that waited for room before they were stored or refused",
                    BlockCounters::getHeldBackBlocks),
            count(
                    "kvern_node_foreign_blocks",
                    "Blocks asked for or offered that another node owns",
                    BlockCounters::getForeignBlocks),
            count(
                    "kvern_node_read_cache_hits",
                    "Of the blocks found, those in the read cache",
                    BlockCounters::getReadCacheHits),
            count(
                    "kvern_node_placed_blocks",
                    "Of those, left for runners on the machine to copy from its memory",
                    BlockCounters::getPlacedBlocks),
            count("kvern_node_sent_bytes", "Payload sent", BlockCounters::getSentBytes),
            count("kvern_node_received_bytes", "Payload received", BlockCounters::getReceivedBytes));

    private static final List<Distribution> DISTRIBUTIONS = List.of(
            new Distribution(
                    "kvern_node_get_first_seconds",
                    "From a Get to its first answer",
                    BlockCounters::getGetFirstSeconds),
            new Distribution("kvern_node_get_seconds", "From a Get to its end", BlockCounters::getGetSeconds),
            new Distribution("kvern_node_put_seconds", "From a Put to its answer", BlockCounters::getPutSeconds),
            new Distribution("kvern_node_block_bytes", "Payload of blocks stored", BlockCounters::getBlockBytes),
            new Distribution(
                    "kvern_node_lifetime_seconds",
                    "How long evicted blocks had been held",
                    BlockCounters::getLifetimeSeconds),
            new Distribution(
                    "kvern_node_reuse_gap_seconds",
                    "How long blocks that are used again had not been",
                    BlockCounters::getReuseGapSeconds));

    private final MemberRegistry members;

    NodeMetrics(MemberRegistry members) {
        this.members = members;
    }

    /**
     * A running total.
     *
     * @param reason empty for one that is of one kind
     */
    private record Count(String name, String reason, String help, ToLongFunction<BlockCounters> of) {}

    private record Distribution(String name, String help, Function<BlockCounters, Histogram> of) {}

    private static Count count(String name, String help, ToLongFunction<BlockCounters> of) {
        return new Count(name, "", help, of);
    }

    private static Count because(String name, String reason, String help, ToLongFunction<BlockCounters> of) {
        return new Count(name, reason, help, of);
    }

    @Override
    public MetricSnapshots collect() {
        List<MemberStatus> nodes = members.current().sorted().stream()
                .filter(member -> member.member().getRole() == MemberRole.MEMBER_ROLE_NODE)
                .toList();
        Map<String, CounterSnapshot.Builder> counters = new TreeMap<>();
        for (Count count : COUNTS) {
            CounterSnapshot.Builder counter = counters.computeIfAbsent(
                    count.name(), name -> CounterSnapshot.builder().name(name).help(count.help()));
            for (MemberStatus node : nodes) {
                counter.dataPoint(CounterDataPointSnapshot.builder()
                        .labels(labels(node, count.reason()))
                        .value(count.of().applyAsLong(node.node().getCounters()))
                        .build());
            }
        }
        var all = MetricSnapshots.builder();
        counters.values().forEach(counter -> all.metricSnapshot(counter.build()));
        for (Distribution distribution : DISTRIBUTIONS) {
            var histogram =
                    HistogramSnapshot.builder().name(distribution.name()).help(distribution.help());
            for (MemberStatus node : nodes) {
                HistogramPoints.add(
                        histogram, distribution.of().apply(node.node().getCounters()), labels(node, ""));
            }
            all.metricSnapshot(histogram.build());
        }
        return all.build();
    }

    private static Labels labels(MemberStatus node, String reason) {
        return reason.isEmpty() ? Labels.of("id", node.id()) : Labels.of("id", node.id(), "reason", reason);
    }
}
