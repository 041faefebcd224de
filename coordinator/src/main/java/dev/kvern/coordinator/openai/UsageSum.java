package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.Usage;

/**
 * Tokens of all of a request's choices. A prompt counts once, as its first choice found it: the others find what that one
 * computed. Confined to the request's event loop.
 */
final class UsageSum {
    private long prompt;
    private long cached;
    private long completion;

    /** @param first whether the choice is its prompt's first */
    void add(Usage usage, boolean first) {
        completion += usage.getCompletionTokens();
        if (first) {
            prompt += usage.getPromptTokens();
            cached +=
                    (long) usage.getCachedLocalTokens() + usage.getCachedHostTokens() + usage.getCachedClusterTokens();
        }
    }

    ObjectNode toJson() {
        ObjectNode usage = JsonNodeFactory.instance
                .objectNode()
                .put("prompt_tokens", prompt)
                .put("completion_tokens", completion)
                .put("total_tokens", prompt + completion);
        usage.putObject("prompt_tokens_details").put("cached_tokens", cached);
        return usage;
    }
}
