package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.SavedWork;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.RunnerLoad;
import java.util.List;
import java.util.Locale;

/** What the dashboard reads, as JSON. Safe for use by several threads. */
final class StateJson {
    static final int SHOWN_REQUESTS = 50;
    private static final int SHOWN_PREFIXES = 100;

    private final DashboardData data;

    StateJson(DashboardData data) {
        this.data = data;
    }

    /** The whole state now. */
    ObjectNode state() {
        GetClusterStatsResponse stats = data.figures().stats();
        ObjectNode root = figures(stats);
        ArrayNode members = root.putArray("members");
        stats.getMembersList().forEach(member -> members.add(MemberJson.of(member)));
        root.set("requests", requests(data.requests().newest(SHOWN_REQUESTS)));
        root.set("events", events(0));
        root.put("prefixes", data.prefixes().revision());
        ObjectNode settings = root.putObject("settings");
        settings.put("playground", data.playground());
        settings.put("prompt_text", data.promptText());
        return root;
    }

    /** Sums, without a list of anything. */
    ObjectNode figures(GetClusterStatsResponse stats) {
        ObjectNode root = JsonText.object();
        long now = data.epochMillis().getAsLong();
        root.put("now_ms", now);
        root.put("uptime_ms", stats.getUptimeMillis());
        root.put("version", data.version());
        Runtime runtime = Runtime.getRuntime();
        root.put("heap_used_bytes", runtime.totalMemory() - runtime.freeMemory());
        root.put("heap_capacity_bytes", runtime.maxMemory());
        root.set("totals", totals(stats.getTotals()));
        root.set("ttft", HistoryJson.of(data.ttft().window(now)));
        ArrayNode saved = root.putArray("saved");
        data.saved().sums().forEach(sum -> saved.add(saved(sum)));
        return root;
    }

    ArrayNode requests(List<RequestLog.Entry> entries) {
        ArrayNode all = JsonText.array();
        entries.forEach(entry -> all.add(RequestJson.line(entry)));
        return all;
    }

    ArrayNode events(long after) {
        ArrayNode all = JsonText.array();
        data.events().after(after).forEach(event -> all.add(event(event)));
        return all;
    }

    ObjectNode prefixes() {
        ObjectNode root = JsonText.object();
        root.put("revision", data.prefixes().revision());
        root.put("chains", data.prefixes().size());
        ArrayNode all = root.putArray("prefixes");
        data.prefixes()
                .hottest(SHOWN_PREFIXES, data.epochMillis().getAsLong())
                .forEach(prefix -> all.add(prefix(prefix)));
        return root;
    }

    private static ObjectNode prefix(HotPrefixes.Prefix prefix) {
        ObjectNode node = JsonText.object();
        node.put("id", prefix.id());
        node.put("model", prefix.model());
        node.put("from_token", prefix.fromToken());
        node.put("tokens", prefix.tokens());
        node.put("requests", prefix.requests());
        node.put("reused_tokens", prefix.reusedTokens());
        node.put("last_ms", prefix.lastMillis());
        node.put("heat", prefix.heat());
        node.put("text", prefix.text());
        ArrayNode children = node.putArray("children");
        prefix.children().forEach(child -> children.add(prefix(child)));
        return node;
    }

    private static ObjectNode event(EventLog.Event event) {
        ObjectNode node = JsonText.object();
        node.put("seq", event.sequence());
        node.put("at_ms", event.atMillis());
        node.put("kind", event.kind().name().toLowerCase(Locale.ROOT));
        node.put("severity", event.severity().name().toLowerCase(Locale.ROOT));
        node.put("subject", event.subject());
        node.put("text", event.text());
        return node;
    }

    private static ObjectNode saved(SavedWork.Saved sum) {
        ObjectNode node = JsonText.object();
        node.put("kind", sum.kind());
        node.put("tokens", sum.tokens());
        node.put("seconds", sum.seconds());
        JsonText.put(node, "watt_hours", sum.wattHours());
        return node;
    }

    private static ObjectNode totals(RunnerLoad totals) {
        ObjectNode node = MemberJson.fields(totals);
        long saved = totals.getCachedLocalTokens() + totals.getCachedHostTokens() + totals.getCachedClusterTokens();
        node.put("tokens_saved", saved);
        if (totals.getRequestedTokens() == 0) {
            node.putNull("hit_rate");
        } else {
            node.put("hit_rate", (double) saved / totals.getRequestedTokens());
        }
        return node;
    }
}
