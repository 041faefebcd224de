package dev.kvern.coordinator;

import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.Model;
import dev.kvern.v1.RunnerLoad;

/** Members for tests. */
public final class Members {
    private Members() {}

    public static Member runner(String id) {
        return runner(id, 1);
    }

    public static Member runner(String id, long startedAtMillis) {
        return Member.newBuilder()
                .setId(id)
                .setRole(MemberRole.MEMBER_ROLE_RUNNER)
                .setAddress(id + ":1")
                .addModels(Model.newBuilder().setName("demo").setContextTokens(1_000))
                .setStartedAtMillis(startedAtMillis)
                .build();
    }

    public static Member node(String id) {
        return Member.newBuilder()
                .setId(id)
                .setRole(MemberRole.MEMBER_ROLE_NODE)
                .setAddress(id + ":1")
                .build();
    }

    public static HeartbeatRequest beat(String id) {
        return HeartbeatRequest.newBuilder().setMemberId(id).build();
    }

    public static HeartbeatRequest beat(String id, RunnerLoad.Builder load) {
        return HeartbeatRequest.newBuilder().setMemberId(id).setRunner(load).build();
    }
}
