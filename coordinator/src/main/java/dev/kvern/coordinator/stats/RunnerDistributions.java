package dev.kvern.coordinator.stats;

import dev.kvern.v1.RunnerLoad;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.util.function.Supplier;

/** How long runners' calls to the cache tier take, and what they bring, over all runners. Safe for use by several threads. */
final class RunnerDistributions implements MultiCollector {
    private final Supplier<RunnerLoad> totals;

    /** @param totals of the scrape under way */
    RunnerDistributions(Supplier<RunnerLoad> totals) {
        this.totals = totals;
    }

    @Override
    public MetricSnapshots collect() {
        RunnerLoad now = totals.get();
        var fetches = histogram("kvern_fetch_seconds", "How long fetches from the cache tier took, by outcome");
        HistogramPoints.add(fetches, now.getFetchHitSeconds(), Labels.of("outcome", "hit"));
        HistogramPoints.add(fetches, now.getFetchMissSeconds(), Labels.of("outcome", "miss"));
        HistogramPoints.add(fetches, now.getFetchFailedSeconds(), Labels.of("outcome", "failed"));
        var bytes = histogram("kvern_fetch_bytes", "Payload of fetches that brought any");
        HistogramPoints.add(bytes, now.getFetchBytes(), Labels.EMPTY);
        var puts = histogram("kvern_put_seconds", "From offering a batch of blocks to the cache tier to its end");
        HistogramPoints.add(puts, now.getPutSeconds(), Labels.EMPTY);
        return MetricSnapshots.builder()
                .metricSnapshot(fetches.build())
                .metricSnapshot(bytes.build())
                .metricSnapshot(puts.build())
                .build();
    }

    private static HistogramSnapshot.Builder histogram(String name, String help) {
        return HistogramSnapshot.builder().name(name).help(help);
    }
}
