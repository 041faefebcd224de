package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.TokenLogprob;
import dev.kvern.v1.TokenLogprobs;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** {@code text_completion}, whole and in chunks. Immutable. */
final class CompletionFormat implements AnswerFormat {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    @Override
    public String idPrefix() {
        return "cmpl-";
    }

    @Override
    public String object() {
        return "text_completion";
    }

    @Override
    public String chunkObject() {
        return object();
    }

    @Override
    public Optional<ObjectNode> opening(int index) {
        return Optional.empty();
    }

    @Override
    public ObjectNode part(int index, String text, @Nullable ObjectNode logprobs) {
        return choice(index, text, logprobs, null);
    }

    @Override
    public ObjectNode end(int index, String finishReason) {
        return choice(index, "", null, finishReason);
    }

    @Override
    public ObjectNode whole(int index, String text, @Nullable ObjectNode logprobs, String finishReason) {
        return choice(index, text, logprobs, finishReason);
    }

    private static ObjectNode choice(
            int index, String text, @Nullable ObjectNode logprobs, @Nullable String finishReason) {
        ObjectNode choice = JSON.objectNode().put("text", text).put("index", index);
        choice.set("logprobs", logprobs);
        return choice.put("finish_reason", finishReason);
    }

    @Override
    public ObjectNode logprobs(List<TokenLogprobs> tokens, int offset) {
        ObjectNode logprobs = JSON.objectNode();
        ArrayNode texts = logprobs.putArray("tokens");
        ArrayNode chosen = logprobs.putArray("token_logprobs");
        ArrayNode top = logprobs.putArray("top_logprobs");
        ArrayNode offsets = logprobs.putArray("text_offset");
        int at = offset;
        for (TokenLogprobs token : tokens) {
            texts.add(token.getChosen().getText());
            chosen.add(Logprobs.finite(token.getChosen().getLogprob()));
            ObjectNode alternatives = top.addObject();
            token.getTopList().forEach(each -> putIfAbsent(alternatives, each));
            putIfAbsent(alternatives, token.getChosen());
            offsets.add(at);
            at += Logprobs.length(token);
        }
        return logprobs;
    }

    /** Two tokens may have the same text; the more probable one, which comes first, is told. */
    private static void putIfAbsent(ObjectNode alternatives, TokenLogprob token) {
        alternatives.putIfAbsent(token.getText(), JSON.numberNode(Logprobs.finite(token.getLogprob())));
    }
}
