package dev.kvern.coordinator.openai;

import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import java.util.List;

/**
 * What a request asks for. Immutable.
 *
 * @param template for each choice's call: everything but prompt and id
 * @param prompts at least one; each gets {@code n} choices, numbered in this order
 * @param stream whether the answer comes as server-sent events
 * @param includeUsage whether a stream ends with its usage
 * @param format how the answer looks
 */
record ApiRequest(
        GenerateRequest template,
        List<Prompt> prompts,
        int n,
        boolean stream,
        boolean includeUsage,
        AnswerFormat format) {
    ApiRequest {
        prompts = List.copyOf(prompts);
    }

    ApiRequest withCacheSalt(String salt) {
        GenerateRequest salted = salt.isEmpty()
                ? template.toBuilder().clearCacheSalt().build()
                : template.toBuilder().setCacheSalt(salt).build();
        return new ApiRequest(salted, prompts, n, stream, includeUsage, format);
    }
}
