package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Message;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Model;
import dev.kvern.v1.StatsResponse;
import java.util.Locale;

/** Members and messages of figures as JSON. */
final class MemberJson {
    private MemberJson() {}

    static ObjectNode of(MemberStats stats) {
        ObjectNode node = JsonText.object();
        node.put("id", stats.getMember().getId());
        node.put("role", stats.getMember().getRole() == MemberRole.MEMBER_ROLE_RUNNER ? "runner" : "node");
        node.put(
                "state",
                stats.getMember().getState().name().replace("MEMBER_STATE_", "").toLowerCase(Locale.ROOT));
        node.put("address", stats.getMember().getAddress());
        node.put("device", stats.getMember().getDevice());
        node.put("silent_ms", stats.getSilentMillis());
        node.put("started_at_ms", stats.getMember().getStartedAtMillis());
        ArrayNode models = node.putArray("models");
        stats.getMember().getModelsList().stream().map(Model::getName).forEach(models::add);
        if (stats.hasRunner()) {
            node.set("runner", fields(stats.getRunner()));
        } else if (stats.hasNode()) {
            StatsResponse load = stats.getNode();
            ObjectNode figures = fields(load);
            figures.setAll(fields(load.getCounters()));
            node.set("node", figures);
        }
        return node;
    }

    /** Every numeric field of a message under its own name, zeros too. */
    static ObjectNode fields(Message message) {
        ObjectNode node = JsonText.object();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (message.getField(field) instanceof Number number) {
                node.set(field.getName(), JsonText.MAPPER.valueToTree(number));
            }
        }
        return node;
    }
}
