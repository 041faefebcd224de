package dev.kvern.coordinator.http;

import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes;
import dev.kvern.coordinator.stats.NodeHistory;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.SavedWork;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.coordinator.stats.TtftHistory;
import java.util.function.LongSupplier;

/**
 * What the dashboard shows.
 *
 * @param epochMillis the clock that people read
 * @param version of this release
 * @param promptText whether texts of prompts are shown
 * @param playground whether prompts can be sent from the page
 */
public record DashboardData(
        ClusterFigures figures,
        RequestLog requests,
        TokenHistory tokens,
        TtftHistory ttft,
        NodeHistory nodes,
        SavedWork saved,
        EventLog events,
        HotPrefixes prefixes,
        LongSupplier epochMillis,
        String version,
        boolean promptText,
        boolean playground) {}
