package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import java.util.List;
import java.util.Optional;

/** Reads a request of one kind. Implementations are immutable. */
abstract sealed class RequestReader permits ChatReader, CompletionReader {
    static final int MAX_LOGPROBS = 20;

    /** Of all prompts together. */
    private static final int MAX_CHOICES = 16;

    private static final int MAX_NAME = 512;

    /** Shorter than what runners take, so that a tenant's name fits before it. */
    private static final int MAX_SALT = 128;

    private static final int MAX_CACHE_KEY = 256;

    /** @throws ApiException if it cannot be served as it asks */
    final ApiRequest read(byte[] body) {
        RequestFields fields = RequestFields.parse(body);
        UnsupportedFields.refuse(fields);
        var template = GenerateRequest.newBuilder();
        fields.text("model", MAX_NAME).ifPresent(template::setModel);
        fields.text("prompt_cache_key", MAX_CACHE_KEY).ifPresent(template::setRoutingKey);
        fields.text("cache_salt", MAX_SALT).ifPresent(template::setCacheSalt);
        SamplingFields.read(fields, template);
        readOwn(fields, template);
        boolean stream = fields.flag("stream");
        List<Prompt> prompts = prompts(fields);
        int n = fields.whole("n", 1, MAX_CHOICES).orElse(1);
        if (prompts.size() * n > MAX_CHOICES) {
            throw ApiError.invalid(
                            "n",
                            n,
                            "at most " + MAX_CHOICES / prompts.size() + " for each of " + prompts.size() + " prompts")
                    .toException();
        }
        return new ApiRequest(
                template.build(), prompts, n, stream, includeUsage(fields.value("stream_options"), stream), format());
    }

    /** Reads the fields that only this kind has, beside the prompt. */
    abstract void readOwn(RequestFields fields, GenerateRequest.Builder template);

    abstract List<Prompt> prompts(RequestFields fields);

    abstract AnswerFormat format();

    private static boolean includeUsage(Optional<JsonNode> options, boolean stream) {
        if (options.isEmpty()) {
            return false;
        }
        JsonNode given = options.get();
        if (!given.isObject() || !stream) {
            throw ApiError.invalid("stream_options", given, "an object, and only with stream: true")
                    .toException();
        }
        JsonNode include = given.path("include_usage");
        return !include.isMissingNode()
                && !include.isNull()
                && RequestFields.flag("stream_options.include_usage", include);
    }
}
