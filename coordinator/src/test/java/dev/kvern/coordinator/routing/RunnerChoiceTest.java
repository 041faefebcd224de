package dev.kvern.coordinator.routing;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.Members;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.v1.RunnerLoad;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class RunnerChoiceTest {
    private final MemberRegistry members =
            new MemberRegistry(new MembershipLimits(1_000, 4_000, 60_000, 100), new SteppedClock());
    private final UnderWay underWay = new UnderWay();
    private final List<Candidate> weighed = new ArrayList<>();
    private final RunnerChoice choice =
            new RunnerChoice(members, new PrefixIndex(100), underWay, (promptTokens, routingKey, candidates) -> {
                weighed.clear();
                weighed.addAll(candidates);
                return candidates.get(0);
            });

    @BeforeEach
    void oneRunner() {
        members.onHeartbeat(member -> underWay.heard(member.id()));
        members.register(Members.runner("a"));
    }

    @Test
    void aCallCountsAtOnceAndNoLongerOnceItHasEnded() {
        assertThat(load()).isEqualTo(new Candidate("a", 0, 0, 0));
        Call call = new Call(500);
        underWay.add("a", call);
        assertThat(load()).isEqualTo(new Candidate("a", 0, 500, 1));
        beat(1, 500);
        assertThat(load()).as("counted once, not twice").isEqualTo(new Candidate("a", 0, 500, 1));
        underWay.remove("a", call);
        assertThat(load()).as("before the next heartbeat").isEqualTo(new Candidate("a", 0, 0, 0));
    }

    @Test
    void whatOthersSentIsWhatTheHeartbeatCountsBeyondOurs() {
        Call call = new Call(100);
        underWay.add("a", call);
        beat(3, 700);
        assertThat(load()).isEqualTo(new Candidate("a", 0, 700, 3));
        underWay.remove("a", call);
        assertThat(load()).isEqualTo(new Candidate("a", 0, 600, 2));
        beat(0, 0);
        assertThat(load()).isEqualTo(new Candidate("a", 0, 0, 0));
    }

    @Test
    void aDecisionSaysWhatEachWouldHaveCost() {
        var several = new RunnerChoice(members, new PrefixIndex(100), underWay, RoutePolicy.longestPrefix(256));
        assertThat(decision(several).reason()).isEqualTo(RouteDecision.Reason.ONLY);
        beat(2, 700);
        for (int i = 0; i < 40; i++) {
            members.register(Members.runner("r" + i));
        }
        members.heartbeat(Members.beat("r7", RunnerLoad.newBuilder().setRunningRequests(1)));
        RouteDecision decision = decision(several);
        assertThat(decision.reason()).isEqualTo(RouteDecision.Reason.POLICY);
        assertThat(decision.considered()).isEqualTo(41);
        assertThat(decision.candidates()).hasSize(RouteDecision.MOST_CANDIDATES);
        assertThat(decision.candidates().get(0).candidate().runner()).isEqualTo(decision.chosen());
        assertThat(decision.candidates().get(0).cost()).hasValue(0);
        members.current().runners().stream()
                .filter(runner -> !runner.id().equals("a") && !runner.id().equals("r7"))
                .toList()
                .forEach(runner -> members.deregister(runner.id()));
        assertThat(decision(several).candidates())
                .containsExactly(
                        new Weighed(new Candidate("r7", 0, 0, 1), OptionalLong.of(256)),
                        new Weighed(new Candidate("a", 0, 700, 2), OptionalLong.of(700 + 2 * 256)));
    }

    private static RouteDecision decision(RunnerChoice by) {
        return by.forPrompt(by.serving("", Set.of()), PromptBlocks.UNKNOWN, "").decision();
    }

    private void beat(int requests, long waitingTokens) {
        members.heartbeat(Members.beat(
                "a", RunnerLoad.newBuilder().setRunningRequests(requests).setQueuedPrefillTokens(waitingTokens)));
    }

    private Candidate load() {
        choice.forPrompt(choice.serving("", Set.of()), PromptBlocks.UNKNOWN, "");
        return weighed.get(0);
    }

    private record Call(long waitingTokens) implements UnderWay.Entry {
        @Override
        public void lost() {}
    }
}
