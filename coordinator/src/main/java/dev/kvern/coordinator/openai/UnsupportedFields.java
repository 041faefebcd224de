package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Predicate;

/**
 * Fields that would change the answer in a way that Kvern cannot: refused, unless they ask for what happens anyway. Fields that
 * nobody knows are ignored, because clients add new ones.
 */
final class UnsupportedFields {
    private static final Predicate<JsonNode> EMPTY = value -> value.isContainerNode() && value.isEmpty();
    private static final Predicate<JsonNode> NO = value -> value.isBoolean() && !value.booleanValue();
    private static final Predicate<JsonNode> YES = value -> value.isBoolean() && value.booleanValue();
    private static final Predicate<JsonNode> ZERO = value -> value.isNumber() && value.doubleValue() == 0;
    private static final Predicate<JsonNode> NEVER = value -> false;

    private static final List<Rule> RULES = List.of(
            new Rule("logit_bias", EMPTY, "none"),
            new Rule("response_format", value -> value.path("type").asText().equals("text"), "type text, or none"),
            new Rule("tools", EMPTY, "none"),
            new Rule("functions", EMPTY, "none"),
            new Rule("tool_choice", UnsupportedFields::isNoneOrAuto, "none or auto"),
            new Rule("function_call", UnsupportedFields::isNoneOrAuto, "none or auto"),
            new Rule(
                    "modalities",
                    value -> value.isArray()
                            && value.size() == 1
                            && value.path(0).asText().equals("text"),
                    "[\"text\"], or none"),
            new Rule("audio", NEVER, "none"),
            new Rule("web_search_options", NEVER, "none"),
            new Rule("store", NO, "false"),
            new Rule(
                    "service_tier",
                    value -> value.isTextual() && List.of("auto", "default").contains(value.textValue()),
                    "auto or default"),
            new Rule("echo", NO, "false"),
            new Rule("suffix", value -> value.isTextual() && value.textValue().isEmpty(), "none"),
            // vLLM's.
            new Rule("guided_json", NEVER, "none"),
            new Rule("guided_regex", NEVER, "none"),
            new Rule("guided_choice", NEVER, "none"),
            new Rule("guided_grammar", NEVER, "none"),
            new Rule("structured_outputs", NEVER, "none"),
            new Rule("bad_words", EMPTY, "none"),
            new Rule("allowed_token_ids", NEVER, "none"),
            new Rule("min_tokens", ZERO, "0"),
            new Rule("length_penalty", value -> value.isNumber() && value.doubleValue() == 1, "1"),
            new Rule("use_beam_search", NO, "false"),
            new Rule("prompt_logprobs", NEVER, "none"),
            new Rule("truncate_prompt_tokens", NEVER, "none"),
            new Rule("include_stop_str_in_output", NO, "false"),
            new Rule("skip_special_tokens", YES, "true"),
            new Rule("add_generation_prompt", YES, "true"),
            new Rule("continue_final_message", NO, "false"),
            new Rule("chat_template", NEVER, "the model's own"),
            new Rule("chat_template_kwargs", EMPTY, "none"),
            new Rule("documents", EMPTY, "none"));

    /** What a field may say. */
    private record Rule(String field, Predicate<JsonNode> harmless, String expected) {}

    private UnsupportedFields() {}

    /** @throws ApiException naming the first such field */
    static void refuse(RequestFields fields) {
        for (Rule rule : RULES) {
            fields.value(rule.field).filter(rule.harmless.negate()).ifPresent(value -> {
                throw ApiError.unsupported(rule.field, value, rule.expected).toException();
            });
        }
    }

    private static boolean isNoneOrAuto(JsonNode value) {
        return value.isTextual() && List.of("none", "auto").contains(value.textValue());
    }
}
