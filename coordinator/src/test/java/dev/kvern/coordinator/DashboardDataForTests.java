package dev.kvern.coordinator;

import dev.kvern.coordinator.http.DashboardData;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes;
import dev.kvern.coordinator.stats.NodeHistory;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.SavedWork;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.coordinator.stats.TtftHistory;

/** Small ones, at a time that stands still. */
public final class DashboardDataForTests {
    public static final long NOW = 1_000_000;

    private DashboardDataForTests() {}

    public static DashboardData of(MemberRegistry members) {
        return new DashboardData(
                new ClusterFigures(members, () -> 0, 0),
                new RequestLog(100),
                new TokenHistory(10),
                new TtftHistory(10_000, 10),
                new NodeHistory(10),
                new SavedWork(),
                new EventLog(100, () -> NOW),
                new HotPrefixes(100),
                () -> NOW,
                "test",
                true,
                true);
    }
}
