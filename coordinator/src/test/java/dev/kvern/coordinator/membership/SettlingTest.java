package dev.kvern.coordinator.membership;

import static dev.kvern.coordinator.Members.beat;
import static dev.kvern.coordinator.Members.node;
import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.SteppedClock;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

class SettlingTest {
    private static final int HEARTBEAT_MILLIS = 100;
    private static final int QUIET_MILLIS = 1_100;
    private static final int SETTLE_MILLIS = 10_000;
    private static final MembershipLimits LIMITS =
            new MembershipLimits(HEARTBEAT_MILLIS, 400, 60_000, 10, SETTLE_MILLIS, QUIET_MILLIS);

    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(LIMITS, clock);
    private final Settling settling = new Settling(LIMITS, clock, Runnable::run);
    private final List<String> happened = new ArrayList<>();

    SettlingTest() {
        members.onChange(settling::changed);
        settling.whenReady(() -> happened.add("ready"));
        settling.whenSettled(() -> happened.add("settled"));
    }

    private void pass(long millis) {
        clock.stepMillis(millis);
        settling.look();
    }

    @Test
    void isReadyOnceNoOtherRunnerHasComeForAsLongAsTheyTakeToTryAgain() {
        pass(10);
        members.register(node("n"));
        members.register(runner("a"));
        pass(QUIET_MILLIS - 1);
        assertThat(settling.isReady()).isFalse();
        members.register(runner("b"));
        pass(QUIET_MILLIS - 1);
        assertThat(settling.isReady()).isFalse();
        // Those that are there already, and nodes, do not count.
        members.register(runner("a"));
        members.heartbeat(beat("b"));
        members.register(node("m"));
        settling.replayed("a");
        settling.replayed("b");
        pass(1);
        assertThat(settling.isReady()).isTrue();
        assertThat(settling.isSettled()).isFalse();
        assertThat(happened).containsExactly("ready");
    }

    @Test
    void isReadyOnceAllThatAreUpHaveToldWhatTheyHold() {
        settling.replayed("a");
        members.register(runner("a"));
        members.register(runner("b"));
        pass(QUIET_MILLIS);
        assertThat(settling.isReady()).as("b has not").isFalse();
        settling.replayed("b");
        pass(1);
        assertThat(settling.isReady()).isTrue();
    }

    @Test
    void whoHasLeftNeedNotTellWhatItHeld() {
        members.register(runner("a"));
        members.register(runner("b"));
        settling.replayed("a");
        pass(QUIET_MILLIS);
        members.deregister("b");
        pass(1);
        assertThat(settling.isReady()).isTrue();
    }

    @Test
    void aRunnerThatHasLeftAgainIsNone() {
        members.register(runner("a"));
        settling.replayed("a");
        members.deregister("a");
        pass(SETTLE_MILLIS - 1);
        assertThat(settling.isReady()).isFalse();
    }

    @Test
    void isReadyAndSettledAfterItsTimeWhoeverIsThere() {
        pass(SETTLE_MILLIS - 1);
        assertThat(happened).isEmpty();
        pass(1);
        assertThat(settling.isReady()).isTrue();
        assertThat(settling.isSettled()).isTrue();
        assertThat(happened).containsExactly("settled", "ready");
        pass(SETTLE_MILLIS);
        assertThat(happened).hasSize(2);
        settling.whenReady(() -> happened.add("at once"));
        assertThat(happened).last().isEqualTo("at once");
    }

    @Test
    void staysReadyWithoutRunners() {
        members.register(runner("a"));
        settling.replayed("a");
        pass(QUIET_MILLIS);
        assertThat(settling.isReady()).isTrue();
        members.deregister("a");
        pass(1);
        assertThat(settling.isReady()).isTrue();
    }

    @Test
    void whatIsForgottenDoesNotHappen() {
        settling.whenReady(() -> happened.add("forgotten")).run();
        pass(SETTLE_MILLIS);
        assertThat(happened).containsExactly("settled", "ready");
    }

    @Test
    void whatNeedsSomethingBeginsWhenThatIsThereOrNothingMoreIsToBeExpected() {
        var there = new AtomicBoolean();
        settling.when(there::get, () -> happened.add("first"));
        settling.when(() -> false, () -> happened.add("second"));
        settling.when(() -> false, () -> happened.add("forgotten")).run();
        settling.when(() -> true, () -> happened.add("at once"));
        assertThat(happened).containsExactly("at once");
        pass(1);
        there.set(true);
        pass(1);
        assertThat(happened).containsExactly("at once", "first");
        pass(SETTLE_MILLIS);
        assertThat(happened).containsExactly("at once", "first", "settled", "ready", "second");
        assertThat(settling.waiting()).isZero();
    }

    @Test
    void whatWaitsGoesOnWhenTheCoordinatorStops() {
        settling.close();
        assertThat(happened).containsExactly("ready");
        assertThat(settling.isReady()).isFalse();
    }

    @Test
    void withoutATimeToSettleAllIsKnownFromTheStart() {
        var known = new Settling(new MembershipLimits(100, 400, 10_000, 10), clock, Runnable::run);
        assertThat(known.isReady()).isTrue();
        assertThat(known.isSettled()).isTrue();
    }
}
