package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;

/**
 * What all of an answer's messages have in common. Immutable.
 *
 * @param id of the answer
 * @param created seconds since the epoch
 * @param fingerprint of what computes: equal ones give equal answers for equal seeds
 */
record Envelope(AnswerFormat format, String id, long created, String model, String fingerprint) {
    ObjectNode chunk(List<ObjectNode> choices) {
        return message(format.chunkObject(), choices);
    }

    ObjectNode whole(List<ObjectNode> choices, ObjectNode usage) {
        ObjectNode whole = message(format.object(), choices);
        whole.set("usage", usage);
        return whole;
    }

    private ObjectNode message(String object, List<ObjectNode> choices) {
        ObjectNode message = JsonNodeFactory.instance
                .objectNode()
                .put("id", id)
                .put("object", object)
                .put("created", created)
                .put("model", model);
        message.putArray("choices").addAll(choices);
        return message.put("system_fingerprint", fingerprint);
    }
}
