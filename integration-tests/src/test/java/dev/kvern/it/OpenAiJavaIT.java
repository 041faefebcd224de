package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.RequestOptions;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.errors.OpenAIException;
import com.openai.errors.OpenAIIoException;
import com.openai.errors.RateLimitException;
import com.openai.errors.UnauthorizedException;
import com.openai.models.ResponseFormatJsonObject;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionStreamOptions;
import com.openai.models.completions.Completion;
import com.openai.models.completions.CompletionChoice;
import com.openai.models.completions.CompletionCreateParams;
import com.openai.models.completions.CompletionUsage;
import com.openai.models.models.Model;
import dev.kvern.v1.RunnerLoad;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** OpenAI's Java client, as it is, against a coordinator with API keys and one runner. */
@Timeout(120)
class OpenAiJavaIT {
    private static final String MODEL = "kvern-demo";
    private static final String RUNNER = "runner-a";
    private static final String KEY = "sk-shared";
    private static final long ENDLESS = 4_000;

    @TempDir
    private static Path directory;

    private static Path keys;
    private static TestCluster cluster;

    private final List<OpenAIClient> clients = new ArrayList<>();
    private final OpenAIClient client = client(KEY, 0);

    @BeforeAll
    static void start() throws IOException {
        keys = Files.writeString(directory.resolve("keys"), "all " + KEY + "\na sk-acme acme\nb sk-bolt bolt\n");
        cluster = TestCluster.start(
                directory,
                List.of("api.keys_file=" + keys),
                List.of(),
                List.of(List.of("engine.max_running=2", "engine.queue=2")));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @AfterEach
    void close() {
        clients.forEach(OpenAIClient::close);
        cluster.awaitIdle(RUNNER);
    }

    private OpenAIClient client(String key, int retries) {
        OpenAIClient made = OpenAIOkHttpClient.builder()
                .baseUrl("http://" + cluster.address(TestCluster.COORDINATOR, "http") + "/v1")
                .apiKey(key)
                .maxRetries(retries)
                .build();
        clients.add(made);
        return made;
    }

    private static ChatCompletionCreateParams.Builder chat(String text) {
        return ChatCompletionCreateParams.builder()
                .model(MODEL)
                .temperature(0.0)
                .maxCompletionTokens(12)
                .addUserMessage(text);
    }

    private static CompletionCreateParams.Builder completion() {
        return CompletionCreateParams.builder()
                .model(MODEL)
                .prompt("The lantern walk begins in the")
                .temperature(0.0)
                .maxTokens(12);
    }

    private static CompletionCreateParams endless() {
        return completion()
                .maxTokens(ENDLESS)
                .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true))
                .build();
    }

    private static long cached(OpenAIClient asked, String text) {
        ChatCompletion answer = asked.chat()
                .completions()
                .create(chat(text).maxCompletionTokens(1).build());
        return cached(answer.usage().orElseThrow());
    }

    private static long cached(CompletionUsage usage) {
        return usage.promptTokensDetails().orElseThrow().cachedTokens().orElseThrow();
    }

    private static void awaitLoad(int running, int queued) {
        cluster.awaitLoad(RUNNER, "at " + running + " and " + queued, member -> {
            RunnerLoad load = member.getRunner();
            return load.getRunningRequests() == running && load.getQueuedRequests() == queued;
        });
    }

    @Test
    void modelsAreListedAndFound() {
        assertThat(client.models().list().data()).extracting(Model::id).containsExactly(MODEL);
        client.models().retrieve(MODEL).validate();
    }

    @Test
    void aChatSaysTheSameWholeAndStreamed() {
        ChatCompletionCreateParams.Builder asked = chat("When was the red gate built?");
        ChatCompletion whole = client.chat().completions().create(asked.build()).validate();
        String text = whole.choices().get(0).message().content().orElseThrow();
        assertThat(text).isNotEmpty();
        asked.streamOptions(
                ChatCompletionStreamOptions.builder().includeUsage(true).build());
        try (StreamResponse<ChatCompletionChunk> stream =
                client.chat().completions().createStreaming(asked.build())) {
            List<ChatCompletionChunk> chunks = stream.stream().toList();
            chunks.forEach(ChatCompletionChunk::validate);
            List<ChatCompletionChunk> texts = chunks.subList(0, chunks.size() - 1);
            assertThat(texts).allMatch(chunk -> chunk.usage().isEmpty());
            assertThat(texts.stream()
                            .map(chunk ->
                                    chunk.choices().get(0).delta().content().orElse(""))
                            .collect(Collectors.joining()))
                    .isEqualTo(text);
            ChatCompletionChunk last = chunks.get(chunks.size() - 1);
            assertThat(last.choices()).isEmpty();
            assertThat(last.usage().orElseThrow().completionTokens())
                    .isEqualTo(whole.usage().orElseThrow().completionTokens());
        }
    }

    @Test
    void completionsSayTheSameWholeAndStreamed() {
        Completion whole =
                client.completions().create(completion().logprobs(2).build()).validate();
        CompletionChoice choice = whole.choices().get(0);
        assertThat(choice.finishReason()).isEqualTo(CompletionChoice.FinishReason.LENGTH);
        CompletionChoice.Logprobs logprobs = choice.logprobs().orElseThrow();
        assertThat(String.join("", logprobs.tokens().orElseThrow())).isEqualTo(choice.text());
        assertThat(logprobs.tokenLogprobs().orElseThrow()).hasSize(12).allMatch(p -> p <= 0);
        try (StreamResponse<Completion> stream =
                client.completions().createStreaming(completion().build())) {
            assertThat(stream.stream()
                            .map(chunk -> chunk.choices().get(0).text())
                            .collect(Collectors.joining()))
                    .isEqualTo(choice.text());
        }
    }

    @Test
    void choicesDifferAndEqualSeedsDoNot() {
        CompletionCreateParams asked =
                completion().temperature(1.0).seed(3).n(3).build();
        List<String> first = client.completions().create(asked).choices().stream()
                .map(CompletionChoice::text)
                .toList();
        assertThat(first).doesNotHaveDuplicates().hasSize(3);
        assertThat(client.completions().create(asked).choices())
                .extracting(CompletionChoice::text)
                .isEqualTo(first);
        String stop = first.get(0).substring(3, 6);
        Completion stopped = client.completions()
                .create(completion().temperature(1.0).seed(3).stop(stop).build());
        assertThat(stopped.choices().get(0).text())
                .isEqualTo(first.get(0).substring(0, first.get(0).indexOf(stop)));
    }

    @Test
    void tenantsShareWithThemselvesOnly() {
        String text = "The keeper of the red gate tells of the lantern walk. ".repeat(10);
        OpenAIClient acme = client("sk-acme", 0);
        assertThat(cached(acme, text)).isZero();
        assertThat(cached(acme, text)).isPositive();
        assertThat(cached(client("sk-bolt", 0), text)).isZero();
        assertThat(cached(client, text)).isZero();
        // Nor can a tenant's blocks be had by its name.
        ChatCompletion forged = client.chat()
                .completions()
                .create(chat(text)
                        .putAdditionalBodyProperty("cache_salt", JsonValue.from("acme:"))
                        .build());
        assertThat(cached(forged.usage().orElseThrow())).isZero();
    }

    @Test
    void keysMayComeAndGo() throws IOException {
        OpenAIClient late = client("sk-late", 0);
        assertThat(catchThrowableOfType(
                                UnauthorizedException.class, () -> late.models().list())
                        .code())
                .hasValue("invalid_api_key");
        Files.writeString(keys, Files.readString(keys) + "late sk-late\n");
        Await.until("the new key to be known", 30, () -> isLetIn(late), letIn -> letIn);
        assertThat(cluster.process(TestCluster.COORDINATOR).output()).doesNotContain("sk-");
    }

    private static boolean isLetIn(OpenAIClient client) {
        try {
            client.models().list();
            return true;
        } catch (UnauthorizedException e) {
            return false;
        }
    }

    @Test
    void errorsAreTheClientsOwnKinds() {
        var unknown = catchThrowableOfType(
                NotFoundException.class,
                () -> client.chat()
                        .completions()
                        .create(chat("hi").model("gpt-9").build()));
        assertThat(unknown.code()).hasValue("model_not_found");
        assertThat(unknown.param()).hasValue("model");
        var json = catchThrowableOfType(
                BadRequestException.class,
                () -> client.chat()
                        .completions()
                        .create(chat("hi")
                                .responseFormat(
                                        ResponseFormatJsonObject.builder().build())
                                .build()));
        assertThat(json.param()).hasValue("response_format");
        assertThat(json.type()).hasValue("invalid_request_error");
    }

    @Test
    void aStreamThatIsClosedEndsAtTheRunner() {
        try (StreamResponse<Completion> stream = client.completions().createStreaming(endless())) {
            Iterator<Completion> chunks = stream.stream().iterator();
            assertThat(chunks.next().choices()).hasSize(1);
            awaitLoad(1, 0);
        }
        awaitLoad(0, 0);
    }

    @Test
    void aCallThatRunsOutOfTimeEndsAtTheRunner() {
        long before = cluster.idleLoad(RUNNER).getFailedRequests();
        var options = RequestOptions.builder().timeout(Duration.ofSeconds(3)).build();
        assertThat(catchThrowableOfType(
                        OpenAIIoException.class, () -> client.completions().create(endless(), options)))
                .isNotNull();
        cluster.awaitLoad(
                RUNNER,
                "rid of it",
                member -> member.getRunner().getFailedRequests() == before + 1
                        && member.getRunner().getRunningRequests() == 0);
    }

    @Test
    void aFullQueueIsRefusedAndTriedAgainWhenItIsSaid() {
        try (var first = client.completions().createStreaming(endless());
                var second = client.completions().createStreaming(endless())) {
            awaitLoad(2, 0);
            var waiting = new ArrayList<CompletableFuture<Completion>>();
            for (int i = 1; i <= 2; i++) {
                waiting.add(client.async().completions().create(completion().build()));
                awaitLoad(2, i);
            }
            var full = catchThrowableOfType(
                    RateLimitException.class,
                    () -> client.completions().create(completion().build()));
            assertThat(full.headers().values("retry-after")).hasSize(1);
            var patient =
                    client(KEY, 50).async().completions().create(completion().build());
            first.close();
            second.close();
            assertThat(patient.join().choices()).hasSize(1);
            waiting.forEach(each -> assertThat(each.join().choices()).hasSize(1));
        }
    }

    @Test
    void aStreamWhoseRunnerIsLostEndsWithAnError() {
        try (StreamResponse<Completion> stream = client.completions().createStreaming(endless())) {
            Iterator<Completion> chunks = stream.stream().iterator();
            assertThat(chunks.next().choices()).hasSize(1);
            cluster.kill(RUNNER);
            var broken = catchThrowableOfType(OpenAIException.class, () -> chunks.forEachRemaining(chunk -> {}));
            assertThat(broken).hasMessageContaining("was lost while it answered");
        } finally {
            cluster.restart(RUNNER);
            cluster.awaitMembers();
        }
    }
}
