package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    @Test
    void percentilesAreValuesThatWereMeasured() {
        var four = Latencies.of(Stream.of(new long[] {40_000_000, 10_000_000}, new long[] {30_000_000, 20_000_000}));
        assertThat(four.count()).isEqualTo(4);
        assertThat(four.percentileMillis(50)).isEqualTo(20);
        assertThat(four.percentileMillis(95)).isEqualTo(40);
        assertThat(four.percentileMillis(100)).isEqualTo(40);
        assertThat(Latencies.of(Stream.of(new long[] {7_000_000})).percentileMillis(50))
                .isEqualTo(7);
    }

    @Test
    void arePartOfARow() {
        var row = new BenchRows("store", Map.of()).row("GET", "kvern", "GB/s", new Samples(List.of(1.0)));
        var with = Latencies.of(Stream.of(new long[] {3_000_000, 5_000_000})).addTo(row, List.of(50, 99));
        assertThat(with.figure(Latencies.figure(50))).hasValue(3);
        assertThat(with.figure("p99_ms")).hasValue(5);
    }
}
