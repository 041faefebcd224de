package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

/** Random schedules; see {@link SimulatedRun} for what is checked after every turn. */
class SchedulerSimulationTest {
    private static final int SCHEDULES = Integer.getInteger("kvern.schedules", 10_000);

    /** Another starting point runs other schedules. */
    private static final long FIRST_SEED = Long.getLong("kvern.first.seed", 0);

    @Test
    void whateverHappensEveryRequestEndsOnceWithTheRightTokensAndNoBlockIsLost() {
        long preemptions = 0;
        long recomputed = 0;
        long requests = 0;
        long shortages = 0;
        long notFinite = 0;
        for (long seed = FIRST_SEED; seed < FIRST_SEED + SCHEDULES; seed++) {
            var run = new SimulatedRun(seed);
            run.run();
            preemptions += run.counters.preemptions.sum();
            recomputed += run.counters.recomputed.sum();
            requests += run.completed;
            shortages += run.counters.shortages.sum();
            notFinite += run.counters.notFinite.sum();
        }
        assertThat(requests).as("requests that got all their tokens").isGreaterThan(2L * SCHEDULES);
        assertThat(preemptions).as("preemptions").isGreaterThan(SCHEDULES / 2);
        assertThat(shortages).as("steps without memory").isGreaterThan(SCHEDULES);
        assertThat(notFinite).as("requests that met the broken token").isGreaterThan(SCHEDULES / 50);
        assertThat(recomputed).as("tokens computed again").isPositive();
    }
}
