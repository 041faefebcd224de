package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;

/** Reads requests to {@code /v1/chat/completions}. Immutable. */
final class ChatReader extends RequestReader {
    private static final AnswerFormat FORMAT = new ChatFormat();
    private static final Set<String> ROLES = Set.of("system", "user", "assistant");

    @Override
    void readOwn(RequestFields fields, GenerateRequest.Builder template) {
        OptionalInt top = fields.whole("top_logprobs", 0, MAX_LOGPROBS);
        boolean wanted = fields.flag("logprobs");
        if (top.isPresent() && !wanted) {
            throw ApiError.invalid("top_logprobs", top.getAsInt(), "logprobs: true with it")
                    .toException();
        }
        if (wanted) {
            template.setLogprobs(top.orElse(0));
        }
    }

    @Override
    List<Prompt> prompts(RequestFields fields) {
        JsonNode messages = fields.value("messages")
                .filter(value -> value.isArray() && !value.isEmpty())
                .orElseThrow(() -> ApiError.invalid("messages", "none", "a list of at least 1 message")
                        .toException());
        var chat = Chat.newBuilder();
        for (int i = 0; i < messages.size(); i++) {
            chat.addMessages(message("messages[" + i + "]", messages.get(i)));
        }
        return List.of(Prompt.newBuilder().setChat(chat).build());
    }

    private static ChatMessage message(String at, JsonNode message) {
        if (!message.isObject()) {
            throw ApiError.invalid(at, message, "an object with role and content")
                    .toException();
        }
        for (String calls : List.of("tool_calls", "function_call", "audio")) {
            JsonNode value = message.path(calls);
            if (!value.isMissingNode() && !value.isNull() && !(value.isArray() && value.isEmpty())) {
                throw ApiError.unsupported(at + "." + calls, value, "none").toException();
            }
        }
        return ChatMessage.newBuilder()
                .setRole(role(at + ".role", message.path("role")))
                .setContent(content(at + ".content", message.path("content")))
                .build();
    }

    private static String role(String at, JsonNode role) {
        String given = role.asText();
        if (given.equals("tool") || given.equals("function")) {
            throw ApiError.unsupported(at, role, "system, developer, user or assistant")
                    .toException();
        }
        // Newer models' name for the same thing.
        String name = given.equals("developer") ? "system" : given;
        if (!ROLES.contains(name)) {
            throw ApiError.invalid(at, role.isMissingNode() ? "none" : role, "system, developer, user or assistant")
                    .toException();
        }
        return name;
    }

    private static String content(String at, JsonNode content) {
        if (content.isTextual()) {
            return content.textValue();
        }
        if (!content.isArray()) {
            throw ApiError.invalid(at, content.isMissingNode() ? "none" : content, "a text or a list of text parts")
                    .toException();
        }
        var text = new StringBuilder();
        for (int i = 0; i < content.size(); i++) {
            JsonNode part = content.get(i);
            String type = part.path("type").asText();
            if (!type.equals("text") || !part.path("text").isTextual()) {
                String where = at + "[" + i + "]";
                throw (List.of("", "text").contains(type)
                                ? ApiError.invalid(where, part, "type text and a text")
                                : ApiError.unsupported(where + ".type", part.path("type"), "text"))
                        .toException();
            }
            text.append(part.path("text").textValue());
        }
        return text.toString();
    }

    @Override
    AnswerFormat format() {
        return FORMAT;
    }
}
