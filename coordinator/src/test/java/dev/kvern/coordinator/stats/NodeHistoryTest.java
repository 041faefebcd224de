package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.coordinator.Members;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.StatsResponse;
import org.junit.jupiter.api.Test;

class NodeHistoryTest {
    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(new MembershipLimits(100, 400, 60_000, 10), clock);
    private final NodeHistory history = new NodeHistory(3);

    @Test
    void onlyWhatIsCountedSinceANodeWasFirstSeen() {
        members.register(Members.node("a"));
        beat("a", 1_000, 50);
        assertThat(sample(1).counted()).isEqualTo(NodeHistory.Counted.NOTHING);
        beat("a", 1_200, 75);
        NodeHistory.Point point = sample(2);
        assertThat(point.counted().sentBytes()).isEqualTo(200);
        assertThat(point.fill()).containsExactly(java.util.Map.entry("a", 0.75));
        assertThat(sample(3).counted().sentBytes()).isZero();
    }

    @Test
    void aNodeThatStartsAgainOrFallsSilentTakesNothingBack() {
        members.register(Members.node("a"));
        beat("a", 1_000, 50);
        sample(1);
        members.register(Members.node("a").toBuilder().setStartedAtMillis(9).build());
        beat("a", 10, 1);
        assertThat(sample(2).counted().sentBytes()).isZero();
        beat("a", 15, 1);
        assertThat(sample(3).counted().sentBytes()).isEqualTo(5);
        clock.stepMillis(1_000);
        members.expire();
        assertThat(sample(4).fill()).as("down").isEmpty();
        assertThat(history.points()).extracting(NodeHistory.Point::atMillis).containsExactly(2L, 3L, 4L);
    }

    private NodeHistory.Point sample(long at) {
        return history.sample(at, members.current());
    }

    private void beat(String id, long sentBytes, long usedBytes) {
        members.heartbeat(HeartbeatRequest.newBuilder()
                .setMemberId(id)
                .setNode(StatsResponse.newBuilder()
                        .setUsedBytes(usedBytes)
                        .setCapacityBytes(100)
                        .setCounters(BlockCounters.newBuilder().setSentBytes(sentBytes)))
                .build());
    }
}
