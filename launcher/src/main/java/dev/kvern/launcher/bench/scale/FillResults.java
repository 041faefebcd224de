package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.RedisServer;
import dev.kvern.launcher.bench.Samples;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/** What was measured at one size. Confined to a thread. */
final class FillResults {
    static final String PART = "part";
    static final String FILL = "fill";
    static final String SIZE = "blocks";
    static final String SMALL_P99 = "small_p99_ms";
    static final String CLIENT_CPU = "client_cpu_ms";
    static final String SERVER_CPU = "server_cpu_ms";
    static final String TIMES_REDIS = "times_redis";
    static final List<Integer> PERCENTILES = List.of(50, 99);
    static final String FILL_RATE = "filling up to it";
    static final String BYTES = "memory of a block";
    static final String HEAP = "heap of a block";

    private static final double NANOS_PER_MILLI = 1e6;

    private final int size;
    private final int smallSize;
    private final Map<String, List<Both>> measured = new LinkedHashMap<>();
    private final Map<String, Double> fillRates = new LinkedHashMap<>();
    private final Map<String, FillStore.Footprint> growing = new LinkedHashMap<>();
    private final Map<String, FillStore.Footprint> small = new LinkedHashMap<>();

    private record Both(Filling.Measured growing, Filling.Measured small) {}

    /** @param smallSize blocks of the store that is measured beside */
    FillResults(int size, int smallSize) {
        this.size = size;
        this.smallSize = smallSize;
    }

    void add(FillOperation operation, String store, Filling.Measured ofGrowing, Filling.Measured ofSmall) {
        measured.computeIfAbsent(operation + store, key -> new ArrayList<>()).add(new Both(ofGrowing, ofSmall));
    }

    void filledAt(String store, double blocksPerSecond) {
        fillRates.put(store, blocksPerSecond);
    }

    void footprints(String store, FillStore.Footprint ofGrowing, FillStore.Footprint ofSmall) {
        growing.put(store, ofGrowing);
        small.put(store, ofSmall);
    }

    void addTo(BenchRows rows, List<String> stores) {
        for (FillOperation operation : FillOperation.values()) {
            for (String store : stores) {
                rows.add(row(rows, operation, store));
            }
        }
        for (String store : stores) {
            rows.add(single(rows, FILL_RATE, store, "blocks/s", fillRates.getOrDefault(store, 0.0)));
        }
        growing.forEach((store, footprint) ->
                rows.add(single(rows, BYTES, store, "bytes", (double) footprint.bytes() / footprint.blocks())));
        growing.forEach((store, footprint) -> {
            FillStore.Footprint beside = small.get(store);
            if (footprint.heapBytes() > 0 && beside != null && size > smallSize) {
                double heap = (double) (footprint.heapBytes() - beside.heapBytes()) / (size - smallSize);
                rows.add(single(rows, HEAP, store, "bytes", heap).with("heap_bytes", footprint.heapBytes()));
            }
        });
    }

    private BenchRow row(BenchRows rows, FillOperation operation, String store) {
        List<Both> own = measured.getOrDefault(operation + store, List.of());
        Samples rate = rate(own);
        Samples beside = new Samples(
                own.stream().map(each -> each.small().result().perSecond()).toList());
        BenchRow row = rows.row(operation.toString(), store, "operations/s", rate)
                .with(PART, FILL)
                .with(SIZE, size)
                .withRatio(rate.over(beside), rate.median() / beside.median());
        row = Latencies.of(own.stream().flatMap(each -> each.growing().result().nanos().stream()))
                .addTo(row, PERCENTILES);
        row = row.with(
                SMALL_P99,
                Latencies.of(own.stream().flatMap(each -> each.small().result().nanos().stream()))
                        .percentileMillis(99));
        row = withMedian(row, CLIENT_CPU, own, each -> each.growing().clientCpuNanos());
        row = withMedian(row, SERVER_CPU, own, each -> each.growing().serverCpuNanos());
        List<Both> redis = measured.get(operation + RedisServer.NAME);
        return redis == null || store.equals(RedisServer.NAME)
                ? row
                : row.with(TIMES_REDIS, rate.median() / rate(redis).median());
    }

    private static BenchRow withMedian(BenchRow row, String name, List<Both> of, ToDoubleFunction<Both> nanos) {
        double median = new Samples(of.stream().mapToDouble(nanos).boxed().toList()).median();
        return median > 0 ? row.with(name, median / NANOS_PER_MILLI) : row;
    }

    private static Samples rate(List<Both> of) {
        return new Samples(
                of.stream().map(each -> each.growing().result().perSecond()).toList());
    }

    private BenchRow single(BenchRows rows, String subject, String store, String unit, double value) {
        return rows.row(subject, store, unit, new Samples(List.of(value)))
                .with(PART, FILL)
                .with(SIZE, size);
    }
}
