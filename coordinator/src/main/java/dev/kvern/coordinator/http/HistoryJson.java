package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.coordinator.stats.NodeHistory;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.coordinator.stats.TtftHistory;
import java.util.List;

/** What was over time, as JSON. */
final class HistoryJson {
    private HistoryJson() {}

    static ObjectNode all(DashboardData data, int tokenMillis, int nodeMillis) {
        ObjectNode root = JsonText.object();
        root.put("interval_ms", tokenMillis);
        ArrayNode tokens = root.putArray("points");
        data.tokens().points().forEach(point -> tokens.add(of(point)));
        ObjectNode ttft = root.putObject("ttft");
        ttft.put("interval_ms", data.ttft().intervalMillis());
        ttft.set("points", times(data.ttft().points(data.epochMillis().getAsLong())));
        ObjectNode nodes = root.putObject("nodes");
        nodes.put("interval_ms", nodeMillis);
        ArrayNode counted = nodes.putArray("points");
        data.nodes().points().forEach(point -> counted.add(of(point)));
        return root;
    }

    static ObjectNode of(TokenHistory.Point point) {
        ObjectNode node = JsonText.object();
        node.put("at_ms", point.atMillis());
        node.put("requested", point.requested());
        node.put("local", point.local());
        node.put("host", point.host());
        node.put("cluster", point.cluster());
        node.put("computed", point.computed());
        node.put("generated", point.generated());
        node.put("finished", point.finished());
        node.put("failed", point.failed());
        return node;
    }

    static ArrayNode times(List<TtftHistory.Point> points) {
        ArrayNode times = JsonText.array();
        points.forEach(point -> times.add(of(point)));
        return times;
    }

    static ObjectNode of(TtftHistory.Point point) {
        ObjectNode node = JsonText.object();
        node.put("at_ms", point.startMillis());
        node.set("hit", of(point.hit()));
        node.set("miss", of(point.miss()));
        return node;
    }

    private static ObjectNode of(TtftHistory.Percentiles times) {
        ObjectNode node = JsonText.object();
        node.put("count", times.count());
        JsonText.put(node, "p50_ms", times.p50());
        JsonText.put(node, "p90_ms", times.p90());
        JsonText.put(node, "p99_ms", times.p99());
        return node;
    }

    static ObjectNode of(NodeHistory.Point point) {
        ObjectNode node = JsonText.object();
        node.put("at_ms", point.atMillis());
        ObjectNode fill = node.putObject("fill");
        point.fill().forEach(fill::put);
        node.setAll((ObjectNode) JsonText.SNAKE_CASE.valueToTree(point.counted()));
        return node;
    }
}
