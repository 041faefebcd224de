package dev.kvern.launcher;

import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import io.grpc.ManagedChannel;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvern stats}. */
@Command(
        name = "stats",
        mixinStandardHelpOptions = true,
        description = "Shows the cluster: its members, how full they are, and where prompt tokens came from.")
final class StatsCommand implements Callable<Integer> {
    private static final long TIMEOUT_SECONDS = 10;
    private static final double MEBI = 1 << 20;

    @Mixin
    private TargetOption target = new TargetOption();

    @Override
    public Integer call() {
        ManagedChannel channel = target.connect();
        try {
            GetClusterStatsResponse stats = ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(TIMEOUT_SECONDS, TimeUnit.SECONDS)
                    .getClusterStats(GetClusterStatsRequest.getDefaultInstance());
            print(stats);
            return 0;
        } finally {
            channel.shutdownNow();
        }
    }

    private static void print(GetClusterStatsResponse stats) {
        var runners = new TextTable(
                "runner",
                "state",
                "address",
                "running",
                "queued",
                "pool used",
                "cached",
                "requested",
                "local",
                "host",
                "cluster",
                "computed",
                "hit rate");
        var nodes = new TextTable(
                "node",
                "state",
                "address",
                "sees",
                "primary",
                "backup",
                "MiB used",
                "of MiB",
                "gets",
                "hits",
                "evicted");
        for (MemberStats member : stats.getMembersList()) {
            if (member.getMember().getRole() == MemberRole.MEMBER_ROLE_RUNNER) {
                addRunner(runners, member);
            } else {
                addNode(nodes, member);
            }
        }
        System.out.println(runners);
        System.out.println();
        System.out.println(nodes);
        RunnerLoad totals = stats.getTotals();
        System.out.printf(
                "%nrequested %,d prompt tokens: %,d from pools, %,d from host memory, %,d from the cluster, %,d computed; hit rate %s, %,d tokens saved%n",
                totals.getRequestedTokens(),
                totals.getCachedLocalTokens(),
                totals.getCachedHostTokens(),
                totals.getCachedClusterTokens(),
                totals.getComputedTokens(),
                hitRate(totals),
                cached(totals));
    }

    private static void addRunner(TextTable table, MemberStats member) {
        RunnerLoad load = member.getRunner();
        table.add(
                member.getMember().getId(),
                state(member),
                member.getMember().getAddress(),
                load.getRunningRequests(),
                load.getQueuedRequests(),
                percent(load.getUsedBlocks(), load.getPoolBlocks()),
                percent(load.getCachedBlocks(), load.getPoolBlocks()),
                load.getRequestedTokens(),
                load.getCachedLocalTokens(),
                load.getCachedHostTokens(),
                load.getCachedClusterTokens(),
                load.getComputedTokens(),
                hitRate(load));
    }

    private static void addNode(TextTable table, MemberStats member) {
        StatsResponse load = member.getNode();
        table.add(
                member.getMember().getId(),
                state(member),
                member.getMember().getAddress(),
                // Fewer than there are: the nodes have not found each other and share nothing.
                load.getClusterNodes() + " nodes",
                load.getPrimaryBlocks(),
                load.getBackupBlocks(),
                String.format("%.1f", load.getUsedBytes() / MEBI),
                String.format("%.1f", load.getCapacityBytes() / MEBI),
                load.getCounters().getGetBlocks(),
                load.getCounters().getGetHits(),
                load.getCounters().getEvictedBlocks());
    }

    private static String state(MemberStats member) {
        return member.getMember().getState().name().replace("MEMBER_STATE_", "").toLowerCase(Locale.ROOT);
    }

    private static String hitRate(RunnerLoad load) {
        return percent(cached(load), load.getRequestedTokens());
    }

    private static long cached(RunnerLoad load) {
        return load.getCachedLocalTokens() + load.getCachedHostTokens() + load.getCachedClusterTokens();
    }

    private static String percent(long part, long whole) {
        return whole == 0 ? "-" : String.format("%.1f %%", 100.0 * part / whole);
    }
}
