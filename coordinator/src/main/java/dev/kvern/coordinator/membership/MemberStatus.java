package dev.kvern.coordinator.membership;

import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;

/**
 * What is known of a member. Immutable.
 *
 * @param member with its state
 * @param heardAtNanos when it was heard last, on the registry's clock
 * @param load its last heartbeat; without a load before the first one
 */
public record MemberStatus(Member member, long heardAtNanos, HeartbeatRequest load) {
    public String id() {
        return member.getId();
    }

    /** Takes new work. */
    public boolean isUp() {
        return member.getState() == MemberState.MEMBER_STATE_UP;
    }

    public boolean isRunner() {
        return member.getRole() == MemberRole.MEMBER_ROLE_RUNNER;
    }

    /** A runner's last load; all zero before the first heartbeat and for nodes. */
    public RunnerLoad runner() {
        return load.getRunner();
    }

    /** A node's last figures; all zero before the first heartbeat and for runners. */
    public StatsResponse node() {
        return load.getNode();
    }

    MemberStatus in(MemberState state) {
        return new MemberStatus(member.toBuilder().setState(state).build(), heardAtNanos, load);
    }

    MemberStatus heard(HeartbeatRequest heartbeat, MemberState state, long now) {
        return new MemberStatus(member.toBuilder().setState(state).build(), now, heartbeat);
    }
}
