package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenIds;
import java.util.ArrayList;
import java.util.List;

/** Reads requests to {@code /v1/completions}. Immutable. */
final class CompletionReader extends RequestReader {
    private static final AnswerFormat FORMAT = new CompletionFormat();
    private static final int DEFAULT_MAX_TOKENS = 16;
    private static final int MAX_PROMPTS = 16;
    private static final String EXPECTED = "a text, a list of token ids, or a list of 1 to " + MAX_PROMPTS + " such";

    @Override
    void readOwn(RequestFields fields, GenerateRequest.Builder template) {
        if (!template.hasMaxTokens()) {
            template.setMaxTokens(DEFAULT_MAX_TOKENS);
        }
        fields.whole("logprobs", 0, MAX_LOGPROBS).ifPresent(template::setLogprobs);
        int n = fields.whole("n", 1, Integer.MAX_VALUE).orElse(1);
        fields.whole("best_of", 1, Integer.MAX_VALUE).ifPresent(best -> {
            if (best > n) {
                throw ApiError.unsupported("best_of", best, "at most n, " + n).toException();
            }
        });
    }

    @Override
    List<Prompt> prompts(RequestFields fields) {
        JsonNode given = fields.value("prompt")
                .orElseThrow(() -> ApiError.invalid("prompt", "none", EXPECTED).toException());
        boolean several = given.isArray() && !given.isEmpty() && !given.get(0).isNumber();
        if (!several) {
            return List.of(prompt("prompt", given));
        }
        if (given.size() > MAX_PROMPTS) {
            throw ApiError.invalid("prompt", given.size() + " prompts", EXPECTED)
                    .toException();
        }
        var prompts = new ArrayList<Prompt>();
        for (int i = 0; i < given.size(); i++) {
            prompts.add(prompt("prompt[" + i + "]", given.get(i)));
        }
        return prompts;
    }

    private static Prompt prompt(String at, JsonNode given) {
        if (given.isTextual()) {
            return Prompt.newBuilder().setText(given.textValue()).build();
        }
        if (!given.isArray() || given.isEmpty()) {
            throw ApiError.invalid(at, given, EXPECTED).toException();
        }
        var ids = TokenIds.newBuilder();
        given.forEach(id -> ids.addIds(RequestFields.whole(at, id, 0, Integer.MAX_VALUE)));
        return Prompt.newBuilder().setTokenIds(ids).build();
    }

    @Override
    AnswerFormat format() {
        return FORMAT;
    }
}
