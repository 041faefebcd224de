package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.stats.TtftHistory.Point;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.OptionalDouble;
import java.util.Random;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.Test;

class TtftHistoryTest {
    @Test
    void percentilesAreThoseOfTheSortedList() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var times = new LatencyHistogram();
        var all = new ArrayList<Double>();
        for (int i = 0; i < 5_000; i++) {
            double millis = Math.exp(random.nextDouble() * 9);
            times.add(millis);
            all.add(millis);
        }
        Collections.sort(all);
        for (double share : new double[] {0.01, 0.5, 0.9, 0.99, 1}) {
            assertThat(times.percentile(share).orElseThrow())
                    .as("seed %d, %.2f", seed, share)
                    .isCloseTo(all.get((int) Math.ceil(share * all.size()) - 1), Percentage.withPercentage(5.1));
        }
    }

    @Test
    void whatIsOutsideCountsAsTheNearest() {
        var times = new LatencyHistogram();
        assertThat(times.percentile(0.5)).isEmpty();
        times.add(0);
        times.add(1e12);
        assertThat(times.percentile(0.5).orElseThrow()).isLessThan(0.2);
        assertThat(times.percentile(1).orElseThrow()).isGreaterThan(1e6);
        assertThat(times.count()).isEqualTo(2);
    }

    @Test
    void intervalsAndTheWholeWindow() {
        var history = new TtftHistory(10_000, 3);
        assertThat(history.lastTwo(50_000)).isEmpty();
        assertThat(history.window(50_000).hit().p50()).isEmpty();
        history.add(10_500, 100, true);
        history.add(19_999, 100, true);
        history.add(20_000, 400, false);
        List<Point> points = history.points(21_000);
        assertThat(points).extracting(Point::startMillis).containsExactly(10_000L, 20_000L);
        assertThat(points.get(0).hit().count()).isEqualTo(2);
        assertThat(points.get(0).miss().p50()).isEqualTo(OptionalDouble.empty());
        assertThat(history.lastTwo(29_999)).extracting(Point::startMillis).containsExactly(10_000L, 20_000L);
        assertThat(history.lastTwo(30_000)).extracting(Point::startMillis).containsExactly(20_000L);
        assertThat(history.lastTwo(40_000)).isEmpty();
        Point window = history.window(21_000);
        assertThat(window.hit().p50().orElseThrow()).isCloseTo(100, Percentage.withPercentage(5));
        assertThat(window.miss().p99().orElseThrow()).isCloseTo(400, Percentage.withPercentage(5));
        assertThat(history.window(41_000).hit().count())
                .as("passed out of the window")
                .isZero();
        for (int i = 0; i < 10; i++) {
            history.add(100_000 + i * 10_000L, 1, true);
        }
        assertThat(history.points(190_000)).hasSize(3);
    }
}
