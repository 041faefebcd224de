package dev.kvern.launcher.bench.store;

import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.RedisServer;
import dev.kvern.launcher.bench.Samples;
import dev.kvern.launcher.bench.store.StoreCase.Operation;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** All rounds' measurements. Confined to a thread. */
final class StoreResults {
    static final String TIMES_SOCKET = "times_socket";
    static final String CLIENT_ALLOCATED = "client_alloc_per_byte";
    static final String NODE_ALLOCATED = "node_alloc_per_byte";
    static final List<Integer> PERCENTILES = List.of(50, 95, 99);

    private record Key(StoreCase one, Operation operation, String contender) {}

    private final Map<Key, List<Measurement>> measurements = new LinkedHashMap<>();

    void add(StoreCase one, String contender, Map<Operation, Measurement> measured) {
        measured.forEach((operation, measurement) -> measurements
                .computeIfAbsent(new Key(one, operation, contender), key -> new ArrayList<>())
                .add(measurement));
    }

    /** A row for each case, operation and contender, in that order. */
    void addTo(BenchRows rows, List<StoreCase> cases, List<String> contenders) {
        for (StoreCase one : cases) {
            for (Operation operation : Operation.values()) {
                for (String contender : contenders) {
                    rows.add(row(rows, new Key(one, operation, contender)));
                }
            }
        }
    }

    private BenchRow row(BenchRows rows, Key key) {
        List<Measurement> own = measurements.getOrDefault(key, List.of());
        Samples speed = speed(own);
        BenchRow row = rows.row(key.one().subject(key.operation()), key.contender(), "GB/s", speed)
                .with("value_bytes", key.one().valueBytes())
                .with("connections", key.one().connections())
                .with("bytes", own.get(0).bytes());
        Samples redis = beside(key, RedisServer.NAME);
        if (redis != null) {
            row = row.withRatio(speed.over(redis), speed.median() / redis.median());
        }
        Samples socket = beside(key, SocketContender.NAME);
        if (socket != null) {
            Samples ratio = speed.over(socket);
            row = row.with(TIMES_SOCKET, speed.median() / socket.median())
                    .with(TIMES_SOCKET + "_min", ratio.min())
                    .with(TIMES_SOCKET + "_max", ratio.max());
        }
        row = withMedian(row, CLIENT_ALLOCATED, own, Measurement::clientAllocated);
        row = withMedian(row, NODE_ALLOCATED, own, Measurement::serverAllocated);
        return Latencies.of(own.stream().map(Measurement::latencyNanos)).addTo(row, PERCENTILES);
    }

    /** What another has reached in the same rounds; null if it took no part. */
    private @Nullable Samples beside(Key key, String contender) {
        List<Measurement> other = measurements.get(new Key(key.one(), key.operation(), contender));
        return other == null ? null : speed(other);
    }

    private static Samples speed(List<Measurement> of) {
        return new Samples(of.stream().map(Measurement::gigabytesPerSecond).toList());
    }

    private static BenchRow withMedian(
            BenchRow row, String name, List<Measurement> of, Function<Measurement, OptionalDouble> figure) {
        List<Double> values = of.stream()
                .map(figure)
                .filter(OptionalDouble::isPresent)
                .map(OptionalDouble::getAsDouble)
                .toList();
        return values.isEmpty() ? row : row.with(name, new Samples(values).median());
    }
}
