package dev.kvern.launcher.bench.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.store.StoreCase.Operation;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import org.junit.jupiter.api.Test;

class StoreResultsTest {
    private static final StoreCase CASE = new StoreCase(1 << 20, 4);

    private static Map<Operation, Measurement> measured(long nanos, OptionalDouble server) {
        var one = new Measurement(1_000, nanos, new long[] {3_000_000, 1_000_000}, OptionalDouble.of(0.5), server);
        return Map.of(Operation.GET, one, Operation.PUT, one, Operation.GET_AGAIN, one);
    }

    @Test
    void comparesWhatWasMeasuredInTheSameRound() {
        var results = new StoreResults();
        results.add(CASE, "kvern", measured(1_000, OptionalDouble.of(1.5)));
        results.add(CASE, "redis", measured(500, OptionalDouble.empty()));
        results.add(CASE, "kvern", measured(2_000, OptionalDouble.of(1.5)));
        results.add(CASE, "redis", measured(2_000, OptionalDouble.empty()));
        var rows = new BenchRows("store", Map.of());
        results.addTo(rows, List.of(CASE), List.of("kvern", "redis"));

        BenchRow kvern = rows.find("GET 1 MiB, 4 connections", "kvern").orElseThrow();
        assertThat(kvern.samples().values()).containsExactly(1.0, 0.5);
        assertThat(kvern.figure("ratio")).hasValue(0.75 / 1.25);
        assertThat(kvern.figure("ratio_min")).hasValue(0.5);
        assertThat(kvern.figure("ratio_max")).hasValue(1.0);
        assertThat(kvern.figure("node_alloc_per_byte")).hasValue(1.5);
        assertThat(kvern.figure("p50_ms")).hasValue(1.0);
        assertThat(kvern.figure("p99_ms")).hasValue(3.0);
        // There was no socket server to compare with, and nobody knows what Redis allocates.
        assertThat(kvern.figure("times_socket")).isEmpty();
        assertThat(rows.find("PUT 1 MiB, 4 connections", "redis").orElseThrow().figure("node_alloc_per_byte"))
                .isEmpty();
        assertThat(StoreReport.table(rows)).contains("0.60 (0.50-1.00)", "n/a");
    }
}
