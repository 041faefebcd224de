package dev.kvern.launcher.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.bench.BenchRows;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ScaleReportTest {
    private static final int TURNS = 3;

    private final BenchRows rows = new BenchRows("scale", Map.of("seed", 1));

    /** Operations of so many milliseconds, one after the other. */
    private static Filling.Measured measured(int millis) {
        long[] nanos = {millis * 1_000_000L, millis * 1_000_000L, millis * 1_000_000L};
        return new Filling.Measured(new ClosedLoop.Result(TURNS * millis / 1e3, List.of(nanos)), 2e6, 5e6);
    }

    @Test
    void aFallIsOverTheStoreThatStaysSmall() {
        var results = new FillResults(10_000, 1_000);
        for (FillOperation operation : FillOperation.values()) {
            results.add(operation, "kvern", measured(8), measured(4));
            results.add(operation, "redis", measured(2), measured(2));
        }
        results.filledAt("kvern", 700);
        results.footprints(
                "kvern",
                new FillStore.Footprint(10_000, 0, 20_000_000, 30_900_000),
                new FillStore.Footprint(1_000, 0, 9_000_000, 30_000_000));
        results.addTo(rows, List.of("kvern", "redis"));

        var get = rows.find("GET of 1", "kvern").orElseThrow();
        assertThat(get.samples().median()).isEqualTo(125);
        assertThat(get.figure("ratio")).hasValue(0.5);
        assertThat(get.figure(FillResults.TIMES_REDIS)).hasValue(0.25);
        assertThat(get.figure(FillResults.SERVER_CPU)).hasValue(5);
        assertThat(rows.find(FillResults.HEAP, "kvern").orElseThrow().samples().median())
                .isEqualTo(100);
        assertThat(ScaleReport.text(rows)).contains("GET of 1", "0.50 (0.50-0.50)", "2,000", "10,000");
    }

    @Test
    void lostBlocksAreSaidBelowTheTable() {
        var load = new LoadPhase();
        load.got(3_000_000);
        var results = new JoinResults();
        results.add("2 nodes", load, new MovedBytes());
        results.addTo(rows, 7);

        assertThat(rows.find("2 nodes", JoinResults.GETS).orElseThrow().figure("p99_ms"))
                .hasValue(3);
        assertThat(ScaleReport.text(rows)).contains("2 nodes").endsWith("blocks lost: 7");
    }
}
