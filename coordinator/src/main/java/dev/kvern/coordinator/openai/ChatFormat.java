package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.TokenLogprob;
import dev.kvern.v1.TokenLogprobs;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code chat.completion} and its chunks. Immutable. */
final class ChatFormat implements AnswerFormat {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @Override
    public String idPrefix() {
        return "chatcmpl-";
    }

    @Override
    public String object() {
        return "chat.completion";
    }

    @Override
    public String chunkObject() {
        return "chat.completion.chunk";
    }

    @Override
    public Optional<ObjectNode> opening(int index) {
        ObjectNode delta = JSON.objectNode();
        delta.put("role", "assistant").put("content", "").putNull("refusal");
        return Optional.of(choice(index, "delta", delta, null, null));
    }

    @Override
    public ObjectNode part(int index, String text, @Nullable ObjectNode logprobs) {
        return choice(index, "delta", JSON.objectNode().put("content", text), logprobs, null);
    }

    @Override
    public ObjectNode end(int index, String finishReason) {
        return choice(index, "delta", JSON.objectNode(), null, finishReason);
    }

    @Override
    public ObjectNode whole(int index, String text, @Nullable ObjectNode logprobs, String finishReason) {
        ObjectNode message = JSON.objectNode();
        message.put("role", "assistant").put("content", text).putNull("refusal");
        message.putArray("annotations");
        return choice(index, "message", message, logprobs, finishReason);
    }

    private static ObjectNode choice(
            int index, String name, ObjectNode content, @Nullable ObjectNode logprobs, @Nullable String finishReason) {
        ObjectNode choice = JSON.objectNode().put("index", index);
        choice.set(name, content);
        choice.set("logprobs", logprobs);
        return choice.put("finish_reason", finishReason);
    }

    @Override
    public ObjectNode logprobs(List<TokenLogprobs> tokens, int offset) {
        ObjectNode logprobs = JSON.objectNode();
        ArrayNode content = logprobs.putArray("content");
        for (TokenLogprobs token : tokens) {
            ObjectNode chosen = token(token.getChosen());
            ArrayNode top = chosen.putArray("top_logprobs");
            token.getTopList().forEach(each -> top.add(token(each)));
            content.add(chosen);
        }
        logprobs.putNull("refusal");
        return logprobs;
    }

    private static ObjectNode token(TokenLogprob token) {
        ObjectNode node = JSON.objectNode().put("token", token.getText());
        node.put("logprob", Logprobs.finite(token.getLogprob()));
        // A part of a character shows as U+FFFD, and its bytes are not known here.
        if (token.getText().indexOf('\uFFFD') >= 0) {
            node.putNull("bytes");
        } else {
            ArrayNode bytes = node.putArray("bytes");
            for (byte b : token.getText().getBytes(StandardCharsets.UTF_8)) {
                bytes.add(Byte.toUnsignedInt(b));
            }
        }
        return node;
    }
}
