package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.bench.PrefixTimes.Origin;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PrefixTimesTest {
    private final PrefixTimes times = new PrefixTimes(List.of(64, 128, 256));

    private void add(int length, double computed, double cluster, int reused) {
        times.add(length, Origin.COMPUTED, computed, 0);
        times.add(length, Origin.CLUSTER, cluster, reused);
    }

    @Test
    void breaksEvenWhereEveryLongerPrefixIsFasterToo() {
        add(64, 10, 9, 64);
        add(128, 20, 21, 128);
        add(256, 40, 22, 256);
        assertThat(times.breakEven()).hasValue(256);
    }

    @Test
    void whatTheRunnerComputedAllTheSameIsNoHit() {
        add(64, 10, 9, 0);
        add(128, 20, 11, 128);
        add(256, 40, 22, 256);
        assertThat(times.breakEven()).hasValue(128);
    }

    @Test
    void neverBreaksEven() {
        add(64, 10, 9, 64);
        add(128, 20, 11, 128);
        add(256, 40, 50, 256);
        assertThat(times.breakEven()).isEmpty();
    }

    @Test
    void rowsSayHowMuchSoonerAndWhatWasReused() {
        times.add(64, Origin.COLD, 30, 0);
        times.add(64, Origin.COLD, 10, 0);
        times.add(64, Origin.CLUSTER, 5, 64);
        times.add(64, Origin.CLUSTER, 5, 48);
        var rows = new BenchRows("reuse", Map.of("threads", 1));
        times.addTo(rows);
        BenchRow hit = rows.find(PrefixTimes.subject(64), "cluster hit").orElseThrow();
        assertThat(hit.toJson())
                .containsEntry("median", 5.0)
                .containsEntry("ratio", 4.0)
                .containsEntry("ratio_min", 2.0)
                .containsEntry("ratio_max", 6.0)
                .containsEntry("reused_tokens", 48)
                .containsEntry("threads", 1);
        assertThat(ReuseReport.text(List.of(64), rows))
                .contains("5.00 (5.00-5.00) [only 48 tokens]", "20.0 (10.0-30.0)");
    }
}
