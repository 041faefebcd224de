package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class StepLimitTest {
    private final StepLimit limit = new StepLimit();

    @Test
    void withoutFailuresEverythingIsDoneAtOnce() {
        assertThat(limit.of(1_000_000)).isEqualTo(1_000_000);
    }

    @Test
    void halvesWhatFailedDownToOne() {
        assertThat(limit.failed(7)).as("never failed before").isTrue();
        assertThat(limit.of(7)).isEqualTo(3);
        assertThat(limit.of(2)).isEqualTo(2);
        assertThat(limit.failed(1)).isTrue();
        assertThat(limit.of(7)).isEqualTo(1);
        assertThat(limit.failed(1)).isFalse();
        assertThat(limit.failed(2)).isFalse();
    }

    @Test
    void triesMoreAgainAfterManyStepsAtTheLimit() {
        limit.failed(8);
        for (int i = 1; i < StepLimit.STEPS_BEFORE_GROWTH; i++) {
            limit.succeeded(4);
            // Smaller steps say nothing of larger ones.
            limit.succeeded(1);
        }
        assertThat(limit.of(16)).isEqualTo(4);
        limit.succeeded(4);
        assertThat(limit.of(16)).isEqualTo(8);
    }
}
