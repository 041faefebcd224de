package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;

import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.apps.DeploymentStrategy;
import io.fabric8.kubernetes.api.model.apps.DeploymentStrategyBuilder;
import java.util.Random;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.RepetitionInfo;
import org.junit.jupiter.api.Test;

class RolloutTest {
    @Test
    void percentagesAreRoundedSoThatMoreIsThereRatherThanLess() {
        assertThat(Rollout.of(null, 3)).isEqualTo(new Rollout(1, 0));
        assertThat(Rollout.of(null, 10)).isEqualTo(new Rollout(3, 2));
        assertThat(Rollout.of(rolling(new IntOrString(1), new IntOrString(0)), 2))
                .isEqualTo(new Rollout(1, 0));
        assertThat(Rollout.of(rolling(new IntOrString("50%"), new IntOrString("50%")), 3))
                .isEqualTo(new Rollout(2, 1));
        assertThat(Rollout.of(rolling(new IntOrString(0), new IntOrString("10%")), 3))
                .isEqualTo(new Rollout(0, 1));
    }

    @Test
    void aSurgeOfOneReplacesOneAtATime() {
        var rollout = new Rollout(1, 0);
        assertThat(rollout.step(2, 2, 0, 0)).isEqualTo(new Rollout.Step(1, 0));
        assertThat(rollout.step(2, 2, 1, 0)).isEqualTo(new Rollout.Step(0, 0));
        assertThat(rollout.step(2, 2, 1, 1)).isEqualTo(new Rollout.Step(0, 1));
        assertThat(rollout.step(2, 1, 1, 1)).isEqualTo(new Rollout.Step(1, 0));
        assertThat(rollout.step(2, 0, 2, 1)).isEqualTo(new Rollout.Step(0, 0));
    }

    /** Whatever the pace at which pods become ready, the limits hold and the end is reached. */
    @RepeatedTest(50)
    void theLimitsHoldUntilAllAreReplaced(RepetitionInfo repetition) {
        var random = new Random(repetition.getCurrentRepetition());
        int wanted = 1 + random.nextInt(8);
        var rollout = new Rollout(random.nextInt(4), random.nextInt(wanted + 1));
        if (rollout.surge() + rollout.unavailable() == 0) {
            return;
        }
        int old = wanted;
        int fresh = 0;
        int ready = 0;
        for (int i = 0; i < 1_000 && (old > 0 || ready < wanted); i++) {
            Rollout.Step step = rollout.step(wanted, old, fresh, ready);
            old -= step.deleted();
            fresh += step.created();
            assertThat(old + fresh).isLessThanOrEqualTo(wanted + rollout.surge());
            assertThat(old + ready).isGreaterThanOrEqualTo(wanted - rollout.unavailable());
            ready += fresh > ready && random.nextBoolean() ? 1 : 0;
        }
        assertThat(old).as("seed %d", repetition.getCurrentRepetition()).isZero();
        assertThat(fresh).isEqualTo(wanted);
    }

    private static DeploymentStrategy rolling(IntOrString surge, IntOrString unavailable) {
        return new DeploymentStrategyBuilder()
                .withType("RollingUpdate")
                .withNewRollingUpdate()
                .withMaxSurge(surge)
                .withMaxUnavailable(unavailable)
                .endRollingUpdate()
                .build();
    }
}
