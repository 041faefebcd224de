package dev.kvern.launcher.bench.soak;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class StallWatchTest {
    @Test
    void countsOnlyWhatIsLongEnoughToMatter() {
        try (var watch = new StallWatch()) {
            int before = watch.count();
            watch.note(TimeUnit.MILLISECONDS.toNanos(1_900));
            watch.note(TimeUnit.SECONDS.toNanos(700));
            watch.note(TimeUnit.SECONDS.toNanos(5));
            assertThat(watch.count() - before).isGreaterThanOrEqualTo(2);
            assertThat(watch.longestSeconds()).isCloseTo(700, within(1e-6));
        }
    }
}
