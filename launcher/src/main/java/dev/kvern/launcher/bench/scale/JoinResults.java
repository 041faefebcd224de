package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.Samples;
import dev.kvern.runner.tier.MissReason;
import java.util.ArrayList;
import java.util.List;

/** What was measured while nodes came and went. Confined to a thread. */
final class JoinResults {
    static final String JOIN = "join";
    static final String GETS = "get";
    static final String PUTS = "put";
    static final String CLUSTER = "cluster";
    static final String NOT_FOUND = "not_found";
    static final String LATE = "late";
    static final String MOVED_MB = "moved_mb";
    static final String MOVED_MB_PER_SECOND = "moved_mb_per_s";
    static final String LOST = "blocks lost";
    static final List<Integer> PERCENTILES = List.of(50, 99, 100);

    private static final double MEGA = 1e6;

    private final List<Phase> phases = new ArrayList<>();

    private record Phase(String name, LoadPhase load, MovedBytes moved) {}

    /** @param load may still be told of requests that were due then */
    void add(String name, LoadPhase load, MovedBytes moved) {
        phases.add(new Phase(name, load, moved));
    }

    /** @param lost stored blocks that are not there in the end */
    void addTo(BenchRows rows, int lost) {
        for (Phase phase : phases) {
            int missed = phase.load().misses().values().stream()
                    .mapToInt(Integer::intValue)
                    .sum();
            int notFound = phase.load().misses().getOrDefault(MissReason.NOT_STORED, 0);
            rows.add(row(rows, phase, GETS, phase.load().gets())
                    .with(NOT_FOUND, notFound)
                    .with(LATE, missed - notFound));
            rows.add(row(rows, phase, PUTS, phase.load().puts())
                    .with(NOT_FOUND, 0)
                    .with(LATE, phase.load().failedPuts()));
        }
        rows.add(rows.row(LOST, CLUSTER, "blocks", new Samples(List.of((double) lost)))
                .with(FillResults.PART, JOIN));
    }

    private static BenchRow row(BenchRows rows, Phase phase, String variant, Latencies latencies) {
        BenchRow row = rows.row(phase.name(), variant, "ms", new Samples(List.of(latencies.percentileMillis(50))))
                .with(FillResults.PART, JOIN)
                .with("requests", latencies.count())
                .with(MOVED_MB, phase.moved().bytes() / MEGA);
        double seconds = phase.moved().seconds();
        return latencies.addTo(
                seconds > 0 ? row.with(MOVED_MB_PER_SECOND, phase.moved().bytes() / MEGA / seconds) : row, PERCENTILES);
    }
}
