package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.v1.TokenLogprob;
import dev.kvern.v1.TokenLogprobs;
import dev.kvern.v1.Usage;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Messages as the API reference shows them. */
class AnswerTest {
    private static final ObjectMapper JSON = new ObjectMapper();

    private final ChatFormat chat = new ChatFormat();
    private final CompletionFormat completion = new CompletionFormat();

    private static JsonNode json(String text) throws JsonProcessingException {
        return JSON.readTree(text.replace('\'', '"'));
    }

    /** As a client sees it: floats are compared as they are written. */
    private static JsonNode seen(JsonNode node) throws JsonProcessingException {
        return JSON.readTree(node.toString());
    }

    @Test
    void aChatIsAsDocumented() throws JsonProcessingException {
        var envelope = new Envelope(chat, "chatcmpl-123", 1_741_570_283, "m", "fp_1");
        var usage = new UsageSum();
        usage.add(
                Usage.newBuilder()
                        .setPromptTokens(1_117)
                        .setCachedLocalTokens(16)
                        .setCachedHostTokens(32)
                        .setCachedClusterTokens(64)
                        .setComputedTokens(1_005)
                        .setCompletionTokens(46)
                        .build(),
                true);
        assertThat(seen(envelope.whole(List.of(chat.whole(0, "Hello there.", null, "stop")), usage.toJson())))
                .isEqualTo(json("""
                        {'id': 'chatcmpl-123', 'object': 'chat.completion', 'created': 1741570283, 'model': 'm',
                         'choices': [{'index': 0,
                           'message': {'role': 'assistant', 'content': 'Hello there.', 'refusal': null, 'annotations': []},
                           'logprobs': null, 'finish_reason': 'stop'}],
                         'system_fingerprint': 'fp_1',
                         'usage': {'prompt_tokens': 1117, 'completion_tokens': 46, 'total_tokens': 1163,
                           'prompt_tokens_details': {'cached_tokens': 112}}}
                        """));
    }

    @Test
    void aChatsChunksAreAsDocumented() throws JsonProcessingException {
        var envelope = new Envelope(chat, "chatcmpl-123", 1_694_268_190, "m", "fp_1");
        assertThat(seen(envelope.chunk(List.of(chat.opening(0).orElseThrow())))).isEqualTo(json("""
                {'id': 'chatcmpl-123', 'object': 'chat.completion.chunk', 'created': 1694268190, 'model': 'm',
                 'choices': [{'index': 0, 'delta': {'role': 'assistant', 'content': '', 'refusal': null}, 'logprobs': null,
                   'finish_reason': null}],
                 'system_fingerprint': 'fp_1'}
                """));
        assertThat(seen(chat.part(1, "Hello", null)))
                .isEqualTo(
                        json("{'index': 1, 'delta': {'content': 'Hello'}, 'logprobs': null, 'finish_reason': null}"));
        assertThat(seen(chat.end(1, "length")))
                .isEqualTo(json("{'index': 1, 'delta': {}, 'logprobs': null, 'finish_reason': 'length'}"));
    }

    @Test
    void aCompletionIsAsDocumented() throws JsonProcessingException {
        var envelope = new Envelope(completion, "cmpl-uqk", 1_589_478_378, "m", "fp_44709d6fcb");
        assertThat(seen(envelope.chunk(List.of(completion.whole(0, "\n\nThis is", null, "length")))))
                .isEqualTo(json("""
                        {'id': 'cmpl-uqk', 'object': 'text_completion', 'created': 1589478378, 'model': 'm',
                         'choices': [{'text': '\\n\\nThis is', 'index': 0, 'logprobs': null, 'finish_reason': 'length'}],
                         'system_fingerprint': 'fp_44709d6fcb'}
                        """));
    }

    private static TokenLogprob token(String text, float logprob) {
        return TokenLogprob.newBuilder().setText(text).setLogprob(logprob).build();
    }

    private static final List<TokenLogprobs> TOKENS = List.of(
            TokenLogprobs.newBuilder()
                    .setChosen(token("grü", -0.5f))
                    .addTop(token("grü", -0.5f))
                    .addTop(token("rot", -1))
                    .build(),
            TokenLogprobs.newBuilder()
                    .setChosen(token("\uFFFD", Float.NEGATIVE_INFINITY))
                    .addTop(token("n", 0))
                    .build(),
            TokenLogprobs.newBuilder().setChosen(token("😀", -2)).build());

    @Test
    void aChatsLogProbabilitiesHaveBytes() throws JsonProcessingException {
        assertThat(seen(chat.logprobs(TOKENS, 0))).isEqualTo(json("""
                {'content': [
                  {'token': 'grü', 'logprob': -0.5, 'bytes': [103, 114, 195, 188], 'top_logprobs': [
                    {'token': 'grü', 'logprob': -0.5, 'bytes': [103, 114, 195, 188]},
                    {'token': 'rot', 'logprob': -1.0, 'bytes': [114, 111, 116]}]},
                  {'token': '\uFFFD', 'logprob': -9999.0, 'bytes': null, 'top_logprobs': [
                    {'token': 'n', 'logprob': 0.0, 'bytes': [110]}]},
                  {'token': '😀', 'logprob': -2.0, 'bytes': [240, 159, 152, 128], 'top_logprobs': []}],
                 'refusal': null}
                """));
    }

    @Test
    void aCompletionsLogProbabilitiesHaveOffsetsInCharacters() throws JsonProcessingException {
        assertThat(seen(completion.logprobs(TOKENS, 10))).isEqualTo(json("""
                {'tokens': ['grü', '\uFFFD', '😀'], 'token_logprobs': [-0.5, -9999.0, -2.0],
                 'top_logprobs': [{'grü': -0.5, 'rot': -1.0}, {'n': 0.0, '\uFFFD': -9999.0}, {'😀': -2.0}],
                 'text_offset': [10, 13, 14]}
                """));
        assertThat(Logprobs.length(TOKENS)).isEqualTo(5);
    }

    @Test
    void aPromptIsCountedOnce() throws JsonProcessingException {
        var usage = new UsageSum();
        Usage of = Usage.newBuilder()
                .setPromptTokens(100)
                .setComputedTokens(100)
                .setCompletionTokens(3)
                .build();
        usage.add(of, true);
        usage.add(of.toBuilder().setComputedTokens(4).setCachedLocalTokens(96).build(), false);
        assertThat(seen(usage.toJson())).isEqualTo(json("""
                {'prompt_tokens': 100, 'completion_tokens': 6, 'total_tokens': 106,
                 'prompt_tokens_details': {'cached_tokens': 0}}
                """));
    }
}
