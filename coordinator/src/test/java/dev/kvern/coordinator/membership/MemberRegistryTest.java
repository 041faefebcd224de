package dev.kvern.coordinator.membership;

import static dev.kvern.coordinator.Members.beat;
import static dev.kvern.coordinator.Members.node;
import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.cluster.MapVersion;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.PartitionMap;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class MemberRegistryTest {
    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry registry = new MemberRegistry(new MembershipLimits(100, 400, 10_000, 3), clock);

    private MemberState stateOf(String id) {
        return registry.current().find(id).orElseThrow().member().getState();
    }

    @Test
    void registeredMembersAreUpAndSortedByRoleAndId() {
        registry.register(runner("b"));
        registry.register(node("n"));
        registry.register(runner("a"));
        assertThat(registry.current().sorted()).extracting(MemberStatus::id).containsExactly("n", "a", "b");
        assertThat(registry.current().runners()).extracting(MemberStatus::id).containsExactly("a", "b");
    }

    @Test
    void silenceBeyondTheLeaseIsDownAndBeyondTheLimitForgotten() {
        registry.register(runner("a"));
        clock.stepMillis(400);
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_UP);
        clock.stepMillis(1);
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_DOWN);
        assertThat(registry.current().runners()).isEmpty();
        clock.stepMillis(9_600);
        registry.expire();
        assertThat(registry.current().find("a")).isEmpty();
    }

    @Test
    void whoStopsTakesNobodyForLost() {
        registry.register(runner("a"));
        registry.keepAll();
        clock.stepMillis(20_000);
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_UP);
        registry.deregister("a");
        assertThat(registry.current().find("a")).isEmpty();
    }

    @Test
    void aHeartbeatKeepsAMemberUpAndBringsOneBack() {
        registry.register(runner("a"));
        clock.stepMillis(300);
        registry.heartbeat(beat("a"));
        clock.stepMillis(300);
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_UP);
        clock.stepMillis(1_000);
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_DOWN);
        registry.heartbeat(beat("a"));
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_UP);
    }

    @Test
    void aDrainingMemberGetsNoNewWork() {
        registry.register(runner("a"));
        registry.heartbeat(beat("a").toBuilder().setDraining(true).build());
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_DRAINING);
        assertThat(registry.current().runners()).isEmpty();
    }

    @Test
    void onlyChangesOfStateCountAsRevisions() {
        var revisions = new ArrayList<Long>();
        registry.onChange(list -> revisions.add(list.revision()));
        registry.register(runner("a"));
        registry.heartbeat(beat("a"));
        registry.heartbeat(beat("a"));
        registry.deregister("a");
        registry.deregister("a");
        assertThat(revisions).containsExactly(0L, 1L, 2L);
    }

    @Test
    void departuresAreHeardOnceForLeavingAndForForgetting() {
        var departed = new ArrayList<String>();
        registry.onDeparture(member -> departed.add(member.id()));
        registry.register(runner("a"));
        registry.register(runner("b"));
        registry.register(runner("a", 2));
        registry.deregister("a");
        clock.stepMillis(20_000);
        registry.expire();
        registry.expire();
        assertThat(departed).isEqualTo(List.of("a", "b"));
    }

    @Test
    void theNewestMapIsKept() {
        var revisions = new ArrayList<Long>();
        registry.onChange(list -> revisions.add(list.revision()));
        registry.register(node("n"));
        registry.register(node("m"));
        registry.learn("n", map(1_000, 3));
        registry.learn("n", map(1_000, 3));
        registry.learn("m", map(1_000, 2));
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 3));
        registry.learn("m", map(1_000, 4));
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 4));
        assertThat(revisions).containsExactly(0L, 1L, 2L, 3L, 4L);
        // Whoever told it may leave.
        registry.deregister("m");
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 4));
        registry.deregister("n");
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 4));
    }

    @Test
    void theMapOfTheClusterThatMostNodesAreInHolds() {
        for (String id : List.of("a", "b", "c")) {
            registry.register(node(id));
            registry.learn(id, map(1_000, 3));
        }
        // One that did not find the others, and is alone.
        registry.register(node("c"));
        registry.learn("c", map(2_000, 1));
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 3));
        // Those that fell silent do not count.
        clock.stepMillis(300);
        registry.heartbeat(beat("c"));
        registry.heartbeat(beat("b"));
        clock.stepMillis(300);
        registry.heartbeat(beat("c"));
        registry.expire();
        assertThat(stateOf("a")).isEqualTo(MemberState.MEMBER_STATE_DOWN);
        assertThat(registry.current().partitionMap()).as("one each").isEqualTo(map(2_000, 1));
        registry.heartbeat(beat("a"));
        assertThat(registry.current().partitionMap()).isEqualTo(map(1_000, 3));
        // All began anew, counting from 1 again.
        for (String id : List.of("a", "b")) {
            registry.register(node(id));
            registry.learn(id, map(2_000, 1));
        }
        assertThat(registry.current().partitionMap()).isEqualTo(map(2_000, 1));
    }

    private static PartitionMap map(long startedAtMillis, long topology) {
        return PartitionMap.newBuilder()
                .setVersion(new MapVersion(startedAtMillis, topology, 0).toMessage())
                .build();
    }

    @Test
    void anUnknownMemberIsToRegister() {
        assertThatThrownBy(() -> registry.heartbeat(beat("x")))
                .hasMessageContaining("'x'")
                .extracting(e -> ((KvernException) e).reason())
                .isEqualTo(ErrorReason.NOT_FOUND);
    }

    @Test
    void whatCannotBeAMemberIsRefusedByName() {
        assertThatThrownBy(() -> registry.register(Member.getDefaultInstance())).hasMessageContaining("member.id");
        assertThatThrownBy(() -> registry.register(
                        runner("a").toBuilder().setAddress("nowhere").build()))
                .hasMessageContaining("member.address: 'nowhere'");
        assertThatThrownBy(() ->
                        registry.register(runner("a").toBuilder().clearModels().build()))
                .hasMessageContaining("member.models");
        assertThatThrownBy(() -> registry.register(runner("a").toBuilder()
                        .setRole(MemberRole.MEMBER_ROLE_UNSPECIFIED)
                        .build()))
                .hasMessageContaining("member.role");
    }

    @Test
    void membersAreBounded() {
        registry.register(runner("a"));
        registry.register(runner("b"));
        registry.register(runner("c"));
        registry.register(runner("c", 2));
        assertThatThrownBy(() -> registry.register(runner("d"))).hasMessageContaining("max_members, 3");
    }
}
