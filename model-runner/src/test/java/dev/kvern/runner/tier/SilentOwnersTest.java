package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.tier.SilentOwners.Turn;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;

class SilentOwnersTest {
    private static final Set<String> PAIR = Set.of("a", "b");

    private final AtomicLong nanos = new AtomicLong(1);
    private final SilentOwners silent = new SilentOwners(1_000, nanos::get);

    @Test
    void everyFourthLookIsALongOneUntilTheyAnswer() {
        assertThat(silent.turn(PAIR)).isEqualTo(Turn.NOW);
        silent.kept(PAIR);
        for (int look = 1; look <= 8; look++) {
            assertThat(silent.turn(PAIR)).as("before look %d", look).isEqualTo(Turn.LATER);
            nanos.addAndGet(1_000);
            assertThat(silent.turn(PAIR))
                    .as("look %d", look)
                    .isEqualTo(look % 4 == 0 ? Turn.TO_SEE_AT_LENGTH : Turn.TO_SEE);
            silent.kept(PAIR);
        }
        assertThat(silent.turn(Set.of("a", "c"))).isEqualTo(Turn.NOW);
        nanos.addAndGet(1_000);
        assertThat(silent.turn(PAIR)).isEqualTo(Turn.TO_SEE);
        silent.answered(PAIR);
        assertThat(silent.turn(PAIR)).isEqualTo(Turn.NOW);
        silent.kept(PAIR);
        nanos.addAndGet(1_000);
        assertThat(silent.turn(PAIR)).as("counted anew").isEqualTo(Turn.TO_SEE);
    }
}
