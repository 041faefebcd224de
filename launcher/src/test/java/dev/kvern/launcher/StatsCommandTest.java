package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class StatsCommandTest {
    private final ScriptedServer server = new ScriptedServer();

    @AfterEach
    void stop() {
        server.close();
    }

    @Test
    void showsMembersAndWhereTokensCameFrom() {
        RunnerLoad load = RunnerLoad.newBuilder()
                .setRunningRequests(2)
                .setPoolBlocks(200)
                .setUsedBlocks(50)
                .setCachedBlocks(25)
                .setRequestedTokens(4_000)
                .setCachedLocalTokens(900)
                .setCachedHostTokens(100)
                .setCachedClusterTokens(2_000)
                .setComputedTokens(1_000)
                .build();
        server.stats = GetClusterStatsResponse.newBuilder()
                .addMembers(MemberStats.newBuilder()
                        .setMember(member("runner-1", MemberRole.MEMBER_ROLE_RUNNER, MemberState.MEMBER_STATE_UP))
                        .setRunner(load))
                .addMembers(MemberStats.newBuilder()
                        .setMember(member("node-1", MemberRole.MEMBER_ROLE_NODE, MemberState.MEMBER_STATE_DOWN))
                        .setNode(StatsResponse.newBuilder()
                                .setClusterNodes(2)
                                .setUsedBytes(3 << 20)
                                .setCapacityBytes(256 << 20)
                                .setCounters(BlockCounters.newBuilder()
                                        .setGetBlocks(9)
                                        .setGetHits(7))))
                .setTotals(load)
                .build();
        CommandRun run = CommandRun.of("stats", "--target", server.target());
        assertThat(run.exitCode()).as(run.err()).isZero();
        assertThat(run.out().lines())
                .anyMatch(line ->
                        line.matches("runner-1 +up +host:1 .*25\\.0 % +12\\.5 % +4000 +900 +100 +2000 +1000 +75\\.0 %"))
                .anyMatch(line -> line.matches("node-1 +down +host:1 +2 nodes +0 +0 +3\\.0 +256\\.0 +9 +7 +0"))
                .contains(
                        "requested 4,000 prompt tokens: 900 from pools, 100 from host memory, 2,000 from the cluster, 1,000 computed; hit"
                                + " rate 75.0 %, 3,000 tokens saved");
    }

    @Test
    void aClusterWithoutAnyoneIsShownToo() {
        CommandRun run = CommandRun.of("stats", "--target", server.target());
        assertThat(run.exitCode()).isZero();
        assertThat(run.out())
                .contains("requested 0 prompt tokens")
                .contains("hit rate -")
                .doesNotContain("NaN");
    }

    private static Member member(String id, MemberRole role, MemberState state) {
        return Member.newBuilder()
                .setId(id)
                .setRole(role)
                .setState(state)
                .setAddress("host:1")
                .build();
    }
}
