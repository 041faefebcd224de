package dev.kvern.coordinator.openai;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.groups.Tuple.tuple;

import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RequestReaderTest {
    private static final String MESSAGES = "'messages': [{'role': 'user', 'content': 'Hello!'}]";

    private static ApiRequest chat(String fields) {
        return read(new ChatReader(), "{" + MESSAGES + (fields.isEmpty() ? "" : ", " + fields) + "}");
    }

    private static ApiRequest completion(String fields) {
        return read(new CompletionReader(), "{" + fields + "}");
    }

    /** Single quotes stand for double ones. */
    private static ApiRequest read(RequestReader reader, String json) {
        return reader.read(json.replace('\'', '"').getBytes(StandardCharsets.UTF_8));
    }

    private static ApiError chatRefusal(String fields) {
        return catchThrowableOfType(ApiException.class, () -> chat(fields)).error();
    }

    private static ApiError refusal(RequestReader reader, String json) {
        return catchThrowableOfType(ApiException.class, () -> read(reader, json))
                .error();
    }

    @Test
    void choicesOfAllPromptsTogetherAreBounded() {
        assertThat(completion("'prompt': ['a', 'b'], 'n': 8").n()).isEqualTo(8);
        assertThat(refusal(new CompletionReader(), "{'prompt': ['a', 'b'], 'n': 9}")
                        .message())
                .isEqualTo("n: 9 (expected: at most 8 for each of 2 prompts)");
    }

    /** The request of the API reference's first example. */
    @Test
    void readsTheDocumentedChat() {
        ApiRequest request = read(new ChatReader(), """
                {'model': 'gpt-5.4', 'messages': [
                  {'role': 'developer', 'content': 'You are a helpful assistant.'},
                  {'role': 'user', 'content': 'Hello!'}]}
                """);
        assertThat(request.template())
                .isEqualTo(GenerateRequest.newBuilder()
                        .setModel("gpt-5.4")
                        .setSampling(SamplingParameters.getDefaultInstance())
                        .build());
        assertThat(request.prompts().get(0).getChat().getMessagesList())
                .extracting(ChatMessage::getRole, ChatMessage::getContent)
                .containsExactly(tuple("system", "You are a helpful assistant."), tuple("user", "Hello!"));
        assertThat(request.n()).isEqualTo(1);
        assertThat(request.stream()).isFalse();
    }

    /** The request of the API reference's example for the older endpoint. */
    @Test
    void readsTheDocumentedCompletion() {
        ApiRequest request =
                completion("'model': 'm', 'prompt': 'Say this is a test', 'max_tokens': 7, 'temperature': 0");
        assertThat(request.prompts())
                .containsExactly(
                        Prompt.newBuilder().setText("Say this is a test").build());
        assertThat(request.template().getMaxTokens()).isEqualTo(7);
        assertThat(request.template().getSampling().getTemperature()).isZero();
        assertThat(request.template().getSampling().hasTemperature()).isTrue();
    }

    @Test
    void readsHowTokensAreChosen() {
        GenerateRequest template = chat("""
                'temperature': 0.5, 'top_p': 0.25, 'frequency_penalty': 1, 'presence_penalty': -1, 'seed': -7,
                'stop': ['a', 'b'], 'top_k': 40, 'min_p': 0.125, 'repetition_penalty': 2, 'ignore_eos': true,
                'stop_token_ids': [3, 4], 'priority': -2, 'logprobs': true, 'top_logprobs': 5, 'cache_salt': 's',
                'prompt_cache_key': 'k', 'max_completion_tokens': 9, 'max_tokens': 8
                """).template();
        assertThat(template)
                .isEqualTo(GenerateRequest.newBuilder()
                        .setSampling(SamplingParameters.newBuilder()
                                .setTemperature(0.5f)
                                .setTopP(0.25f)
                                .setFrequencyPenalty(1)
                                .setPresencePenalty(-1)
                                .setSeed(-7)
                                .setTopK(40)
                                .setMinP(0.125f)
                                .setRepetitionPenalty(2))
                        .addAllStop(List.of("a", "b"))
                        .addAllStopTokenIds(List.of(3, 4))
                        .setIgnoreEos(true)
                        .setPriority(-2)
                        .setLogprobs(5)
                        .setCacheSalt("s")
                        .setRoutingKey("k")
                        .setMaxTokens(9)
                        .build());
    }

    @Test
    void whatIsNullIsAbsent() {
        assertThat(chat("'stop': null, 'seed': null, 'n': null, 'stream': null, 'tools': null, 'logprobs': null"))
                .isEqualTo(chat(""))
                .extracting(ApiRequest::template)
                .matches(template ->
                        !template.hasLogprobs() && !template.getSampling().hasSeed());
    }

    @Test
    void defaultsAreOpenAis() {
        assertThat(completion("'prompt': 'a'").template().getMaxTokens()).isEqualTo(16);
        assertThat(chat("").template().hasMaxTokens()).isFalse();
        assertThat(chat("'logprobs': true").template().getLogprobs()).isZero();
        assertThat(chat("'logprobs': true").template().hasLogprobs()).isTrue();
        assertThat(chat("'top_k': -1").template().getSampling().getTopK()).isZero();
        assertThat(chat("'stop': 'end'").template().getStopList()).containsExactly("end");
    }

    @Test
    void promptsComeInFourForms() {
        assertThat(completion("'prompt': ['a']").prompts())
                .isEqualTo(completion("'prompt': 'a'").prompts());
        assertThat(completion("'prompt': [1, 2]").prompts())
                .hasSize(1)
                .first()
                .satisfies(
                        prompt -> assertThat(prompt.getTokenIds().getIdsList()).containsExactly(1, 2));
        assertThat(completion("'prompt': ['a', 'b']").prompts()).hasSize(2);
        assertThat(completion("'prompt': [[1], [2, 3]]")
                        .prompts()
                        .get(1)
                        .getTokenIds()
                        .getIdsList())
                .containsExactly(2, 3);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "'prompt': []", "'prompt': [[]]", "'prompt': 3", "'prompt': [1, 'a']", "'prompt': [-1]"})
    void aPromptOfNoSuchFormIsNamed(String fields) {
        ApiError error = refusal(new CompletionReader(), "{" + fields + "}");
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.param()).startsWith("prompt");
        assertThat(error.message()).contains("expected: ");
    }

    @Test
    void promptsAreBounded() {
        String many = IntStream.range(0, 17).mapToObj(i -> "'a'").collect(Collectors.joining(",", "[", "]"));
        assertThat(refusal(new CompletionReader(), "{'prompt': " + many + "}").message())
                .contains("17 prompts");
    }

    @Test
    void textPartsArePutTogether() {
        ApiRequest request = read(new ChatReader(), """
                {'messages': [{'role': 'user', 'name': 'ann', 'content': [
                  {'type': 'text', 'text': 'one '}, {'type': 'text', 'text': 'two'}]}]}
                """);
        assertThat(request.prompts().get(0).getChat().getMessages(0).getContent())
                .isEqualTo("one two");
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            {}                                                                           | messages
            {'messages': []}                                                             | messages
            {'messages': ['hi']}                                                         | messages[0]
            {'messages': [{'content': 'hi'}]}                                            | messages[0].role
            {'messages': [{'role': 'pirate', 'content': 'hi'}]}                          | messages[0].role
            {'messages': [{'role': 'tool', 'content': 'hi', 'tool_call_id': 'x'}]}       | messages[0].role
            {'messages': [{'role': 'user'}]}                                             | messages[0].content
            {'messages': [{'role': 'user', 'content': null}]}                            | messages[0].content
            {'messages': [{'role': 'user', 'content': [{'type': 'image_url'}]}]}         | messages[0].content[0].type
            {'messages': [{'role': 'user', 'content': [{'type': 'text'}]}]}              | messages[0].content[0]
            {'messages': [{'role': 'assistant', 'content': '', 'tool_calls': [{}]}]}     | messages[0].tool_calls
            """)
    void aMessageThatCannotBeToldIsNamed(String json, String param) {
        ApiError error = refusal(new ChatReader(), json);
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.param()).isEqualTo(param);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            'temperature': 'hot'                 | temperature      | a number
            'n': 0                               | n                | 1 to 16
            'n': 17                              | n                | 1 to 16
            'n': 1.5                             | n                | 1 to 16
            'max_tokens': 0                      | max_tokens       | 1 to
            'max_tokens': 4294967297             | max_tokens       | 1 to
            'max_completion_tokens': 'all'       | max_completion_tokens | 1 to
            'seed': 1e30                         | seed             | 64 bits
            'stop': {'a': 1}                     | stop             | a list of texts
            'stop': [1]                          | stop             | a text
            'stream': 'yes'                      | stream           | true or false
            'stream_options': {}                 | stream_options   | stream: true
            'logprobs': 3                        | logprobs         | true or false
            'top_logprobs': 3                    | top_logprobs     | logprobs: true
            'logprobs': true, 'top_logprobs': 21 | top_logprobs     | 0 to 20
            'model': 3                           | model            | a text
            'stop_token_ids': 5                  | stop_token_ids   | a list of token ids
            'priority': 101                      | priority         | -100 to 100
            """)
    void aValueOfTheWrongKindIsNamed(String fields, String param, String expected) {
        ApiError error = chatRefusal(fields);
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.type()).isEqualTo("invalid_request_error");
        assertThat(error.param()).isEqualTo(param);
        assertThat(error.message()).startsWith(param + ": ").contains("(expected: ", expected);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '~', textBlock = """
            'response_format': {'type': 'json_object'}                  | response_format
            'response_format': {'type': 'json_schema', 'json_schema': {}} | response_format
            'logit_bias': {'5': 1}                                      | logit_bias
            'tools': [{'type': 'function'}]                             | tools
            'tool_choice': 'required'                                   | tool_choice
            'modalities': ['text', 'audio']                             | modalities
            'audio': {'voice': 'alloy'}                                 | audio
            'store': true                                               | store
            'service_tier': 'flex'                                      | service_tier
            'guided_json': {}                                           | guided_json
            'echo': true                                                | echo
            'suffix': 'end'                                             | suffix
            """)
    void whatWouldChangeTheAnswerIsRefused(String fields, String param) {
        ApiError error = chatRefusal(fields);
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.code()).isEqualTo("unsupported_parameter");
        assertThat(error.param()).isEqualTo(param);
        assertThat(error.message()).contains("is not supported (expected: ");
    }

    @Test
    void whatChangesNothingIsTaken() {
        assertThat(chat("""
                'user': 'u', 'metadata': {'a': 'b'}, 'store': false, 'service_tier': 'auto', 'parallel_tool_calls': true,
                'tool_choice': 'none', 'tools': [], 'logit_bias': {}, 'response_format': {'type': 'text'},
                'modalities': ['text'], 'echo': false, 'safety_identifier': 'x', 'not_yet_invented': [1]
                """)).isEqualTo(chat(""));
        assertThat(completion("'prompt': 'a', 'best_of': 1, 'suffix': ''")).isEqualTo(completion("'prompt': 'a'"));
    }

    @Test
    void theBestOfMoreThanAreReturnedIsRefused() {
        assertThat(refusal(new CompletionReader(), "{'prompt': 'a', 'n': 2, 'best_of': 3}")
                        .param())
                .isEqualTo("best_of");
    }

    @Test
    void usageIsIncludedWhereItIsAskedFor() {
        assertThat(chat("'stream': true").includeUsage()).isFalse();
        assertThat(chat("'stream': true, 'stream_options': {'include_usage': true}")
                        .includeUsage())
                .isTrue();
        assertThat(chat("'stream': true, 'stream_options': {'include_usage': false}")
                        .includeUsage())
                .isFalse();
        assertThat(chat("'stream': true, 'stream_options': {}").includeUsage()).isFalse();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "null", "[]", "3", "{", "{'a': 1} {}", "{'a': NaN}"})
    void aBodyThatIsNoObjectIsRefused(String json) {
        ApiError error = refusal(new ChatReader(), json);
        assertThat(error.status()).isEqualTo(400);
        assertThat(error.message()).startsWith("body: ").contains("expected: ");
    }

    @Test
    void aLongValueIsCutInTheMessage() {
        assertThat(chatRefusal("'tools': '" + "x".repeat(10_000) + "'")
                        .message()
                        .length())
                .isLessThan(200);
    }
}
