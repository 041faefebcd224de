package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BytesPaceTest {
    private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);

    private long now = -5;
    private final BytesPace pace = new BytesPace(1_000_000, () -> now);

    @Test
    void theFirstGoesAtOnceAndTheNextWhenItIsPaid() {
        assertThat(pace.charge(3_000)).isZero();
        assertThat(pace.charge(0)).isEqualTo(3 * MILLISECOND);
        assertThat(pace.charge(1_000)).isEqualTo(3 * MILLISECOND);
        now += MILLISECOND;
        assertThat(pace.charge(0)).isEqualTo(3 * MILLISECOND);
        now += 3 * MILLISECOND;
        assertThat(pace.charge(0)).isZero();
    }

    @Test
    void timeInWhichNothingMovesIsNotSavedUp() {
        now += 100 * MILLISECOND;
        assertThat(pace.charge(2_000)).isZero();
        assertThat(pace.charge(0)).isEqualTo(2 * MILLISECOND);
    }

    @Test
    void whatDidNotComeIsGivenBack() {
        pace.charge(5_000);
        pace.charge(-4_000);
        assertThat(pace.charge(0)).isEqualTo(MILLISECOND);
        pace.charge(-9_000);
        assertThat(pace.charge(0)).isZero();
    }

    @Test
    void whatWaitsItsTurnMovesAtTheRateWhateverTheSizes() {
        var random = new Random(7);
        long moved = 0;
        long begun = now;
        while (moved < 50_000_000) {
            int bytes = 1 + random.nextInt(random.nextBoolean() ? 100 : 2_000_000);
            now += pace.charge(bytes);
            moved += bytes;
        }
        double seconds = (double) (now - begun) / TimeUnit.SECONDS.toNanos(1);
        // The last one is under way.
        assertThat(moved / seconds).isBetween(1_000_000.0, 1_050_000.0);
    }
}
