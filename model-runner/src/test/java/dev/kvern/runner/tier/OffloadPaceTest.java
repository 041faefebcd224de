package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class OffloadPaceTest {
    private static final long MILLI = TimeUnit.MILLISECONDS.toNanos(1);

    @Test
    void pausesMakeUpTheRestOfTheTime() {
        assertThat(new OffloadPace(10).pauseNanos(20 * MILLI)).isEqualTo(180 * MILLI);
        assertThat(new OffloadPace(50).pauseNanos(20 * MILLI)).isEqualTo(20 * MILLI);
        assertThat(new OffloadPace(100).pauseNanos(20 * MILLI)).isZero();
    }

    @Test
    void aSlowNodeIsNotWaitedFor() {
        assertThat(new OffloadPace(1).pauseNanos(TimeUnit.SECONDS.toNanos(5))).isEqualTo(TimeUnit.SECONDS.toNanos(1));
    }

    @Test
    void batchesAreSmallOnlyBesideAnswersAndOnlyWhereItMatters() {
        assertThat(new OffloadPace(10).batchChunks(16, true)).isEqualTo(4);
        assertThat(new OffloadPace(10).batchChunks(2, true)).isEqualTo(2);
        assertThat(new OffloadPace(10).batchChunks(16, false)).isEqualTo(16);
        assertThat(new OffloadPace(100).batchChunks(16, true)).isEqualTo(16);
    }

    @Test
    void aShareIsAPercentage() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new OffloadPace(0))
                .withMessage("offload share 0 (expected: 1 to 100 percent)");
        assertThatIllegalArgumentException().isThrownBy(() -> new OffloadPace(101));
    }
}
