package dev.kvern.coordinator.stats;

import static dev.kvern.coordinator.Members.beat;
import static dev.kvern.coordinator.Members.node;
import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.v1.Histogram;
import dev.kvern.v1.RunnerLoad;
import org.junit.jupiter.api.Test;

class ClusterTotalsTest {
    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(new MembershipLimits(100, 400, 10_000, 10), clock);
    private final ClusterTotals totals = new ClusterTotals(1);

    private void load(String id, long requested, int running) {
        members.heartbeat(
                beat(id, RunnerLoad.newBuilder().setRequestedTokens(requested).setRunningRequests(running)));
    }

    @Test
    void sumsCountersAndStatesOfAllRunners() {
        members.register(runner("a"));
        members.register(runner("b"));
        members.register(node("n"));
        load("a", 100, 1);
        load("b", 20, 2);
        RunnerLoad sum = totals.update(members.current());
        assertThat(sum.getRequestedTokens()).isEqualTo(120);
        assertThat(sum.getRunningRequests()).isEqualTo(3);
    }

    @Test
    void aRunnerThatStartsAnewOrLeavesTakesNothingAway() {
        members.register(runner("a", 1));
        load("a", 100, 1);
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(100);
        // Registers again under the same start, as after a coordinator forgot it: no load yet, nothing counted twice.
        members.register(runner("a", 1));
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(100);
        load("a", 130, 0);
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(130);
        // A new process of the same id counts from zero.
        members.register(runner("a", 2));
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(130);
        load("a", 7, 1);
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(137);
        members.deregister("a");
        RunnerLoad sum = totals.update(members.current());
        assertThat(sum.getRequestedTokens()).isEqualTo(137);
        assertThat(sum.getRunningRequests()).isZero();
    }

    @Test
    void whatARunnerCountedBeforeTheCoordinatorStartedIsLeftOut() {
        var young = new ClusterTotals(5);
        members.register(runner("old", 4));
        members.register(runner("new", 5));
        members.heartbeat(beat("old", load(1_000).setFetchHitSeconds(histogram(7))));
        load("new", 10, 0);
        assertThat(young.update(members.current()).getRequestedTokens()).isEqualTo(10);
        members.heartbeat(beat("old", load(1_030).setRunningRequests(2).setFetchHitSeconds(histogram(9))));
        RunnerLoad sum = young.update(members.current());
        assertThat(sum.getRequestedTokens()).isEqualTo(40);
        assertThat(sum.getRunningRequests()).isEqualTo(2);
        assertThat(sum.getFetchHitSeconds()).isEqualTo(histogram(2));
        members.deregister("old");
        assertThat(young.update(members.current()).getRequestedTokens()).isEqualTo(40);
    }

    @Test
    void aRunnerThatWasForgottenAndComesBackIsNotCountedTwice() {
        members.register(runner("a", 3));
        load("a", 100, 0);
        totals.update(members.current());
        members.deregister("a");
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(100);
        members.register(runner("a", 3));
        load("a", 120, 0);
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(120);
        members.deregister("a");
        assertThat(totals.update(members.current()).getRequestedTokens()).isEqualTo(120);
    }

    private static RunnerLoad.Builder load(long requested) {
        return RunnerLoad.newBuilder().setRequestedTokens(requested);
    }

    private static Histogram histogram(long count) {
        return Histogram.newBuilder()
                .addBounds(1)
                .addCounts(count)
                .addCounts(0)
                .setSum(count)
                .build();
    }

    @Test
    void runnersThatAreDownHaveNoState() {
        members.register(runner("a"));
        load("a", 100, 5);
        clock.stepMillis(1_000);
        members.expire();
        RunnerLoad sum = totals.update(members.current());
        assertThat(sum.getRequestedTokens()).isEqualTo(100);
        assertThat(sum.getRunningRequests()).isZero();
    }

    @Test
    void historyHoldsDifferencesAndIsBounded() {
        var history = new TokenHistory(2);
        history.sample(
                1,
                RunnerLoad.newBuilder()
                        .setRequestedTokens(10)
                        .setComputedTokens(10)
                        .build());
        history.sample(
                2,
                RunnerLoad.newBuilder()
                        .setRequestedTokens(30)
                        .setComputedTokens(12)
                        .setCachedLocalTokens(18)
                        .setFinishedRequests(3)
                        .setFailedRequests(1)
                        .build());
        history.sample(
                3,
                RunnerLoad.newBuilder()
                        .setRequestedTokens(30)
                        .setComputedTokens(12)
                        .setCachedLocalTokens(18)
                        .setFinishedRequests(3)
                        .setFailedRequests(1)
                        .build());
        assertThat(history.points())
                .containsExactly(
                        new TokenHistory.Point(2, 20, 18, 0, 0, 2, 0, 3, 1),
                        new TokenHistory.Point(3, 0, 0, 0, 0, 0, 0, 0, 0));
    }
}
