package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A model that can be asked for. Immutable.
 *
 * @param created when the first of its runners started, seconds since the epoch
 * @param contextTokens most tokens of prompt and completion together
 * @param digest of its configuration and weights, in hexadecimal digits
 */
record ServedModel(String name, long created, long contextTokens, String digest) {
    private static final int DIGEST_DIGITS = 12;

    ObjectNode toJson() {
        return JsonNodeFactory.instance
                .objectNode()
                .put("id", name)
                .put("object", "model")
                .put("created", created)
                .put("owned_by", "kvern")
                .put("max_model_len", contextTokens);
    }

    /** Equal for equal weights and releases. */
    String fingerprint(String version) {
        return "kvern-" + version + "-" + digest.substring(0, Math.min(DIGEST_DIGITS, digest.length()));
    }
}
