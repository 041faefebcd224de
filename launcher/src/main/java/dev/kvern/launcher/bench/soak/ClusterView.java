package dev.kvern.launcher.bench.soak;

import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import io.grpc.Channel;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.Collectors;

/** What the members say of themselves, through the coordinator. Confined to a thread. */
final class ClusterView {
    private static final long CALL_LIMIT_SECONDS = 300;
    private static final long IDLE_LIMIT_SECONDS = 30;
    private static final long POLL_MILLIS = 50;

    private final Channel coordinator;
    private final int members;

    /** @param members how many there are when all are there */
    ClusterView(Channel coordinator, int members) {
        this.coordinator = coordinator;
        this.members = members;
    }

    /**
     * Waits until every runner says, with a heartbeat younger than this call, that it has nothing to do and holds nothing; gives
     * up after a while, and returns what they said last.
     */
    Map<String, MemberStats> awaitIdle() {
        long asked = System.nanoTime();
        while (true) {
            Map<String, MemberStats> now = stats();
            long passed = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
            boolean idle = now.size() == members
                    && now.values().stream()
                            .allMatch(member -> member.getSilentMillis() < passed
                                    && (!member.hasRunner() || idle(member.getRunner())));
            if (idle || passed > TimeUnit.SECONDS.toMillis(IDLE_LIMIT_SECONDS)) {
                return now;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    private static boolean idle(RunnerLoad load) {
        return load.getRunningRequests() == 0
                && load.getQueuedRequests() == 0
                && load.getOffloadPendingBytes() == 0
                // A runner with nothing else to do computes finished answers once more, and holds blocks meanwhile.
                && load.getUsedBlocks() == 0;
    }

    private Map<String, MemberStats> stats() {
        GetClusterStatsResponse response = ClusterServiceGrpc.newBlockingStub(coordinator)
                .withDeadlineAfter(CALL_LIMIT_SECONDS, TimeUnit.SECONDS)
                .withWaitForReady()
                .getClusterStats(GetClusterStatsRequest.getDefaultInstance());
        return response.getMembersList().stream()
                .collect(Collectors.toMap(member -> member.getMember().getId(), member -> member));
    }
}
