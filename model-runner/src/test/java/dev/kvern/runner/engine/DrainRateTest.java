package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class DrainRateTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    private final DrainRate rate = new DrainRate();
    private long now = 5 * MILLI;

    @Test
    void beforeAnythingWasObservedItIsASecond() {
        assertThat(rate.retryAfterMillis(now, 256)).isEqualTo(1_000);
    }

    @Test
    void itIsTheTimeInWhichAnEighthOfTheQueueDrains() {
        drain(100, 64);
        assertThat(rate.retryAfterMillis(now, 64)).isEqualTo(800);
        assertThat(rate.retryAfterMillis(now, 4)).isEqualTo(100);
    }

    @Test
    void aBatchCountsAsOneEach() {
        rate.joined(now);
        now += 400 * MILLI;
        rate.left(now, 4, 60);
        assertThat(rate.retryAfterMillis(now, 64)).isEqualTo(800);
    }

    @Test
    void anIdleQueueSaysNothingOfTheRate() {
        drain(100, 64);
        rate.left(now + 100 * MILLI, 1, 0);
        now += 3_600_000 * MILLI;
        rate.joined(now);
        rate.left(now + 100 * MILLI, 1, 3);
        assertThat(rate.retryAfterMillis(now + 100 * MILLI, 64)).isEqualTo(800);
    }

    @Test
    void aQueueThatStandsStillTakesLongerAndThereIsAnEndToIt() {
        drain(100, 64);
        assertThat(rate.retryAfterMillis(now + 1_000 * MILLI, 64)).isEqualTo(8_000);
        assertThat(rate.retryAfterMillis(now + 3_600_000 * MILLI, 64)).isEqualTo(60_000);
    }

    private void drain(int millis, int left) {
        rate.joined(now);
        for (int i = 0; i < 20; i++) {
            now += millis * MILLI;
            rate.left(now, 1, left);
        }
    }
}
