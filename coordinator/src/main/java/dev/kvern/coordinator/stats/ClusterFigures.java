package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.RunnerLoad;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * The cluster's figures now, for whoever asks. Safe for use by several threads; guarded by this, so that no sum is made from an
 * older membership after one from a newer.
 */
public final class ClusterFigures {
    private final MemberRegistry members;
    private final ClusterTotals totals;
    private final LongSupplier nanoTime;
    private final long startedAt;

    /** @param startedAtMillis when the coordinator started, since the epoch */
    public ClusterFigures(MemberRegistry members, LongSupplier nanoTime, long startedAtMillis) {
        this.members = members;
        this.totals = new ClusterTotals(startedAtMillis);
        this.nanoTime = nanoTime;
        this.startedAt = nanoTime.getAsLong();
    }

    public synchronized RunnerLoad totals() {
        return totals.update(members.current());
    }

    public long uptimeMillis() {
        return TimeUnit.NANOSECONDS.toMillis(nanoTime.getAsLong() - startedAt);
    }

    public synchronized GetClusterStatsResponse stats() {
        MemberList now = members.current();
        var stats = GetClusterStatsResponse.newBuilder()
                .setTotals(totals.update(now))
                .setUptimeMillis(uptimeMillis());
        for (MemberStatus member : now.sorted()) {
            var one = MemberStats.newBuilder().setMember(member.member()).setSilentMillis(members.silentMillis(member));
            if (member.load().hasRunner()) {
                one.setRunner(member.runner());
            } else if (member.load().hasNode()) {
                one.setNode(member.node());
            }
            stats.addMembers(one);
        }
        return stats.build();
    }
}
