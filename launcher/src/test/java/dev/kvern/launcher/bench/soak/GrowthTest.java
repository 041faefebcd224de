package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.IntToDoubleFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class GrowthTest {
    private static final List<Integer> REQUESTS =
            IntStream.rangeClosed(0, 25).mapToObj(i -> 400 * i).toList();

    private static double growth(IntToDoubleFunction ofRequests) {
        return Growth.of(
                REQUESTS, REQUESTS.stream().map(ofRequests::applyAsDouble).toList());
    }

    @Test
    void ofALineItIsTheSlopeTimesFourFifthsOfTheRun() {
        assertThat(growth(requests -> 7 + 0.001 * requests)).isCloseTo(8, within(1e-9));
        assertThat(growth(requests -> 7 - 0.001 * requests)).isCloseTo(-8, within(1e-9));
    }

    @Test
    void theFirstFifthDoesNotCount() {
        assertThat(growth(requests -> Math.min(requests, 2_000))).isZero();
    }

    @Test
    void readingsThatAreFarOffDoNotChangeIt() {
        assertThat(growth(requests -> requests == 4_000 || requests == 9_600 ? 1e6 : 100))
                .isZero();
    }

    @Test
    void aSlowLeakIsSeenThroughNoise() {
        long seed = 20;
        var random = new Random(seed);
        double grown = growth(requests -> 500 + 0.003 * requests + 4 * random.nextGaussian());
        assertThat(grown).as("seed %d", seed).isBetween(18.0, 30.0);
    }

    @Test
    void tooFewReadingsSayNothing() {
        assertThat(Growth.of(List.of(), List.of())).isZero();
        assertThat(Growth.of(List.of(0), List.of(5.0))).isZero();
        assertThat(Growth.of(List.of(0, 100), List.of(5.0, 9.0))).isZero();
    }

    @Test
    void thereMustBeAValueForEachReading() {
        assertThatThrownBy(() -> Growth.of(new ArrayList<>(REQUESTS), List.of(1.0)))
                .hasMessage("1 values (expected: 26, one for each checkpoint)");
    }
}
