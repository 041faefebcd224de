package dev.kvern.coordinator.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Model;
import dev.kvern.v1.RunnerLoad;
import dev.kvern.v1.StatsResponse;
import java.util.List;
import java.util.Locale;
import java.util.function.LongSupplier;

/** What the dashboard reads, as JSON. Safe for use by several threads. */
final class StateJson {
    private static final int SHOWN_REQUESTS = 50;

    private final ObjectMapper json = new ObjectMapper();
    private final ClusterFigures figures;
    private final RequestLog requests;
    private final LongSupplier epochMillis;
    private final String version;

    StateJson(ClusterFigures figures, RequestLog requests, LongSupplier epochMillis, String version) {
        this.figures = figures;
        this.requests = requests;
        this.epochMillis = epochMillis;
        this.version = version;
    }

    /** The whole state now. */
    String state() {
        GetClusterStatsResponse stats = figures.stats();
        ObjectNode root = json.createObjectNode();
        root.put("now_ms", epochMillis.getAsLong());
        root.put("uptime_ms", stats.getUptimeMillis());
        root.put("version", version);
        root.set("totals", totals(stats.getTotals()));
        ArrayNode members = root.putArray("members");
        stats.getMembersList().forEach(member -> members.add(member(member)));
        ArrayNode last = root.putArray("requests");
        requests.newest(SHOWN_REQUESTS).forEach(request -> last.add(request(request)));
        return write(root);
    }

    String history(int intervalMillis, List<TokenHistory.Point> points) {
        ObjectNode root = json.createObjectNode();
        root.put("interval_ms", intervalMillis);
        ArrayNode all = root.putArray("points");
        points.forEach(point -> all.add(pointNode(point)));
        return write(root);
    }

    String point(TokenHistory.Point point) {
        return write(pointNode(point));
    }

    private ObjectNode pointNode(TokenHistory.Point point) {
        ObjectNode node = json.createObjectNode();
        node.put("at_ms", point.atMillis());
        node.put("requested", point.requested());
        node.put("local", point.local());
        node.put("host", point.host());
        node.put("cluster", point.cluster());
        node.put("computed", point.computed());
        node.put("generated", point.generated());
        return node;
    }

    private ObjectNode totals(RunnerLoad totals) {
        ObjectNode node = fields(totals);
        long saved = totals.getCachedLocalTokens() + totals.getCachedHostTokens() + totals.getCachedClusterTokens();
        node.put("tokens_saved", saved);
        if (totals.getRequestedTokens() == 0) {
            node.putNull("hit_rate");
        } else {
            node.put("hit_rate", (double) saved / totals.getRequestedTokens());
        }
        return node;
    }

    private ObjectNode member(MemberStats stats) {
        ObjectNode node = json.createObjectNode();
        node.put("id", stats.getMember().getId());
        node.put("role", stats.getMember().getRole() == MemberRole.MEMBER_ROLE_RUNNER ? "runner" : "node");
        node.put(
                "state",
                stats.getMember().getState().name().replace("MEMBER_STATE_", "").toLowerCase(Locale.ROOT));
        node.put("address", stats.getMember().getAddress());
        node.put("silent_ms", stats.getSilentMillis());
        node.put("started_at_ms", stats.getMember().getStartedAtMillis());
        ArrayNode models = node.putArray("models");
        stats.getMember().getModelsList().stream().map(Model::getName).forEach(models::add);
        if (stats.hasRunner()) {
            node.set("runner", fields(stats.getRunner()));
        } else if (stats.hasNode()) {
            StatsResponse load = stats.getNode();
            ObjectNode figuresOfNode = fields(load);
            figuresOfNode.setAll(fields(load.getCounters()));
            node.set("node", figuresOfNode);
        }
        return node;
    }

    /** Every numeric field of a message under its own name, zeros too. */
    private ObjectNode fields(Message message) {
        ObjectNode node = json.createObjectNode();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (message.getField(field) instanceof Number number) {
                node.set(field.getName(), json.valueToTree(number));
            }
        }
        return node;
    }

    private ObjectNode request(RequestRecord request) {
        ObjectNode node = json.createObjectNode();
        node.put("request_id", request.requestId());
        node.put("at_ms", request.atMillis());
        node.put("runner", request.runner());
        node.put("model", request.model());
        node.put("prompt_tokens", request.usage().getPromptTokens());
        node.put("cached_local_tokens", request.usage().getCachedLocalTokens());
        node.put("cached_host_tokens", request.usage().getCachedHostTokens());
        node.put("cached_cluster_tokens", request.usage().getCachedClusterTokens());
        node.put("computed_tokens", request.usage().getComputedTokens());
        node.put("completion_tokens", request.usage().getCompletionTokens());
        node.put("ttft_ms", request.ttftMillis());
        node.put("total_ms", request.totalMillis());
        node.put("outcome", request.outcome().name().toLowerCase(Locale.ROOT));
        node.put("attempts", request.attempts());
        node.put("error", request.error());
        return node;
    }

    private String write(ObjectNode node) {
        try {
            return json.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }
}
