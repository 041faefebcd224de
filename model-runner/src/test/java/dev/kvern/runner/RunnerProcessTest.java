package dev.kvern.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvern.config.ConfigException;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.Chat;
import dev.kvern.v1.ChatMessage;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.PromptSpan;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.TokenIds;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.Usage;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** A whole runner with the demo model, over its real port. */
class RunnerProcessTest {
    private static final Path MODEL = Path.of("models/kvern-demo");

    private static RunnerProcess runner;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() throws ConfigException {
        runner = RunnerProcess.start(config("id=runner-t", "engine.max_running=4"), ProgressListener.NONE);
        channel = NettyChannelBuilder.forAddress("127.0.0.1", runner.grpcPort())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        runner.close();
    }

    @AfterEach
    void itLives() {
        var health = HealthGrpc.newBlockingStub(channel).check(HealthCheckRequest.getDefaultInstance());
        assertThat(health.getStatus()).isEqualTo(ServingStatus.SERVING);
    }

    @Test
    void theReadyLineNamesIdAndAddress() {
        assertThat(runner.readyLine()).isEqualTo("ready role=runner id=runner-t grpc=127.0.0.1:" + runner.grpcPort());
    }

    @Test
    void itNamesItsModel() {
        var models = stub().listModels(ListModelsRequest.getDefaultInstance());
        assertThat(models.getModelsList()).singleElement().satisfies(model -> {
            assertThat(model.getName()).isEqualTo("kvern-demo");
            assertThat(model.getContextTokens()).isEqualTo(4096);
            assertThat(model.getArchitecture()).isEqualTo("LlamaForCausalLM");
            assertThat(model.getContentDigest().size()).isEqualTo(32);
        });
    }

    @Test
    void theThreeFormsOfAPromptAreOne() {
        var text = Prompt.newBuilder().setText("The tower opens at nine.").build();
        var tokens =
                stub().tokenize(TokenizeRequest.newBuilder().setPrompt(text).build());
        var ids = Prompt.newBuilder()
                .setTokenIds(TokenIds.newBuilder().addAllIds(tokens.getTokenIdsList()))
                .build();
        assertThat(collect(greedy(text, 8)).tokens).isEqualTo(collect(greedy(ids, 8)).tokens);
        var chat = Prompt.newBuilder()
                .setChat(Chat.newBuilder()
                        .addMessages(ChatMessage.newBuilder().setRole("user").setContent("Hello")))
                .build();
        var chatTokens =
                stub().tokenize(TokenizeRequest.newBuilder().setPrompt(chat).build());
        // <s> <|user|> ... <|end|> <|assistant|>
        assertThat(chatTokens.getTokenIdsCount()).isGreaterThan(4);
        assertThat(collect(greedy(chat, 8)).usage.getPromptTokens()).isEqualTo(chatTokens.getTokenIdsCount());
    }

    @Test
    void aSecondRequestFindsThePrefixInThePool() {
        var prompt = Prompt.newBuilder().setText("Mind the gap. ".repeat(60)).build();
        Answer cold = collect(greedy(prompt, 12));
        Answer warm = collect(greedy(prompt, 12));
        assertThat(cold.usage.getCachedLocalTokens()).isZero();
        assertThat(warm.usage.getCachedLocalTokens()).isPositive();
        assertThat(warm.usage.getCachedLocalTokens() + warm.usage.getComputedTokens())
                .isEqualTo(warm.usage.getPromptTokens());
        assertThat(warm.tokens).isEqualTo(cold.tokens);
        assertThat(cold.runner).isEqualTo("runner-t");
        assertThat(warm.usage.getTtftMillis()).isPositive();
    }

    @Test
    void whoAsksHearsHowFarAPromptIsAndWhatItsBlocksAreCalled() {
        var prompt = Prompt.newBuilder()
                .setText("Here is a row of numbers. ".repeat(60))
                .build();
        var named =
                stub().tokenize(TokenizeRequest.newBuilder().setPrompt(prompt).build());
        GenerateRequest plain = greedy(prompt, 4);
        var responses = new ArrayList<GenerateResponse>();
        stub().generate(plain.toBuilder()
                        .setReportProgress(true)
                        .setReportBlocks(3)
                        .setReportBlockTexts(true)
                        .build())
                .forEachRemaining(responses::add);
        assertThat(responses.get(0).getProgress().getPromptTokens()).isEqualTo(named.getTokenIdsCount());
        GenerateResponse last = responses.get(responses.size() - 1);
        assertThat(last.getLeadingBlocks().getDigestsList())
                .isEqualTo(named.getBlockDigestsList().subList(0, 3));
        assertThat(last.getLeadingBlocks().getNamespace()).isEqualTo(named.getNamespace());
        assertThat(last.getLeadingBlocks().getTextsList()).hasSize(3);
        assertThat(last.getLeadingBlocks().getTexts(0)).contains("Here is a row");
        assertThat(last.getUsage().getSpansList().stream()
                        .mapToInt(PromptSpan::getTokens)
                        .sum())
                .isEqualTo(named.getTokenIdsCount());
        var unasked = new ArrayList<GenerateResponse>();
        stub().generate(plain).forEachRemaining(unasked::add);
        assertThat(unasked).noneMatch(GenerateResponse::hasProgress).noneMatch(GenerateResponse::hasLeadingBlocks);
        var tooMany = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> stub().generate(plain.toBuilder().setReportBlocks(1_025).build())
                        .next());
        assertThat(tooMany.getStatus().getDescription()).isEqualTo("report_blocks: 1025 (expected: 0 to 1024)");
    }

    @Test
    void seedsMakeSamplingRepeatable() {
        var sampling =
                SamplingParameters.newBuilder().setTemperature(1.5f).setTopK(50).setSeed(4);
        var request = greedy(Prompt.newBuilder().setText("Once").build(), 24).toBuilder()
                .setSampling(sampling)
                .setIgnoreEos(true);
        List<Integer> first = collect(request.build()).tokens;
        assertThat(collect(request.build()).tokens).isEqualTo(first);
        List<Integer> other = collect(request.setSampling(sampling.setSeed(5)).build()).tokens;
        assertThat(other).isNotEqualTo(first);
    }

    @Test
    void stopTextsAndStopTokensEndAnAnswer() {
        var prompt = Prompt.newBuilder().setText("The tower opens at").build();
        Answer whole = collect(greedy(prompt, 24).toBuilder().setIgnoreEos(true).build());
        assertThat(whole.reason).isEqualTo(FinishReason.FINISH_REASON_LENGTH);
        assertThat(whole.tokens).hasSize(24);
        String stop = whole.text.substring(5, 8);
        Answer cut = collect(
                greedy(prompt, 24).toBuilder().setIgnoreEos(true).addStop(stop).build());
        assertThat(cut.reason).isEqualTo(FinishReason.FINISH_REASON_STOP);
        assertThat(cut.text).isEqualTo(whole.text.substring(0, whole.text.indexOf(stop)));
        int token = whole.tokens.get(6);
        Answer byToken = collect(greedy(prompt, 24).toBuilder()
                .setIgnoreEos(true)
                .addStopTokenIds(token)
                .build());
        assertThat(byToken.tokens).isEqualTo(whole.tokens.subList(0, whole.tokens.indexOf(token) + 1));
        assertThat(byToken.reason).isEqualTo(FinishReason.FINISH_REASON_STOP);
    }

    @Test
    void logprobsComeWithTheirAlternatives() {
        Answer answer = collect(greedy(Prompt.newBuilder().setText("The").build(), 4).toBuilder()
                .setLogprobs(3)
                .setIgnoreEos(true)
                .build());
        assertThat(answer.responses.stream()
                        .mapToInt(GenerateResponse::getLogprobsCount)
                        .sum())
                .isEqualTo(4);
        for (GenerateResponse response : answer.responses) {
            for (var logprobs : response.getLogprobsList()) {
                assertThat(logprobs.getTopCount()).isEqualTo(3);
                assertThat(logprobs.getTop(0).getTokenId())
                        .isEqualTo(logprobs.getChosen().getTokenId());
                assertThat(logprobs.getChosen().getLogprob()).isLessThanOrEqualTo(0);
            }
        }
    }

    @Test
    void aDeadlineStopsWork() {
        var request = greedy(Prompt.newBuilder().setText("Go on").build(), 4_000).toBuilder()
                .setIgnoreEos(true)
                .build();
        var failure = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> GenerationServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(300, TimeUnit.MILLISECONDS)
                        .generate(request)
                        .forEachRemaining(r -> {}));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void aCancelledCallFreesItsPlace() {
        var endless = greedy(Prompt.newBuilder().setText("Go on").build(), 4_000).toBuilder()
                .setIgnoreEos(true)
                .build();
        // As many as run at a time; were they not stopped, the last request would wait until they are given up because
        // nobody
        // reads them, after 30 s.
        for (int i = 0; i < 4; i++) {
            try (var context = Context.current().withCancellation()) {
                context.run(() -> {
                    Iterator<GenerateResponse> responses = stub().generate(endless);
                    assertThat(responses.next().getTokenIdsCount()).isEqualTo(1);
                });
            }
        }
        Answer next = collect(greedy(Prompt.newBuilder().setText("Hello").build(), 2));
        assertThat(next.usage.getQueueMillis()).isLessThan(20_000);
    }

    @Test
    void badRequestsAreNamed() {
        var text = Prompt.newBuilder().setText("Hello").build();
        refused(greedy(Prompt.getDefaultInstance(), 1), "prompt: absent");
        refused(greedy(Prompt.newBuilder().setText("").build(), 1), "prompt: ''");
        refused(
                greedy(
                        Prompt.newBuilder()
                                .setTokenIds(TokenIds.newBuilder().addAllIds(Collections.nCopies(5000, 7)))
                                .build(),
                        1),
                "prompt: 5000 tokens",
                "4095");
        refused(
                greedy(
                        Prompt.newBuilder()
                                .setTokenIds(TokenIds.newBuilder().addIds(-1))
                                .build(),
                        1),
                "4294967295",
                "0 to 1279");
        refused(greedy(Prompt.newBuilder().setChat(Chat.getDefaultInstance()).build(), 1), "messages: none");
        refused(greedy(text, 0), "max_tokens: 0");
        refused(greedy(text, -1), "max_tokens: -1");
        refused(greedy(text, 9_999), "max_tokens: 9999");
        refused(sampled(SamplingParameters.newBuilder().setTemperature(-1)), "temperature: -1");
        refused(sampled(SamplingParameters.newBuilder().setTopP(0)), "top_p: 0");
        refused(sampled(SamplingParameters.newBuilder().setMinP(2)), "min_p: 2");
        refused(sampled(SamplingParameters.newBuilder().setRepetitionPenalty(0)), "repetition_penalty: 0");
        refused(greedy(text, 1).toBuilder().addStop("").build(), "stop[0]: ''");
        refused(
                greedy(text, 1).toBuilder()
                        .addAllStop(Collections.nCopies(17, "x"))
                        .build(),
                "stop: 17 texts");
        refused(greedy(text, 1).toBuilder().addStopTokenIds(5_000).build(), "stop_token_ids: 5000");
        refused(greedy(text, 1).toBuilder().setLogprobs(21).build(), "logprobs: 21");
        refused(greedy(text, 1).toBuilder().setCacheSalt("x".repeat(300)).build(), "cache_salt: 300 characters");
        var unknown = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> collect(greedy(text, 1).toBuilder().setModel("gpt-9").build()));
        assertThat(unknown.getStatus().getCode()).isEqualTo(Status.Code.NOT_FOUND);
        assertThat(unknown.getStatus().getDescription()).isEqualTo("model: 'gpt-9' (expected: kvern-demo)");
    }

    @Test
    void tokenizeNamesBlocksByTheirSalt() {
        var request = TokenizeRequest.newBuilder()
                .setPrompt(Prompt.newBuilder().setText("Mind the gap. ".repeat(10)))
                .build();
        var plain = stub().tokenize(request);
        var salted = stub().tokenize(request.toBuilder().setCacheSalt("a").build());
        assertThat(plain.getBlockDigestsList()).isEqualTo(salted.getBlockDigestsList());
        assertThat(plain.getBlockDigestsCount()).isEqualTo(plain.getTokenIdsCount() / plain.getBlockTokens());
        assertThat(plain.getNamespace()).isNotEqualTo(salted.getNamespace()).isNotEqualTo(ByteString.EMPTY);
    }

    @Test
    void aPortInUseIsTheOperatorsMistake() {
        var failure = catchThrowableOfType(
                KvernException.class,
                () -> RunnerProcess.start(config("listen.grpc_port=" + runner.grpcPort()), ProgressListener.NONE));
        assertThat(failure.reason()).isEqualTo(ErrorReason.MISCONFIGURED);
        assertThat(failure)
                .hasMessageContaining(String.valueOf(runner.grpcPort()))
                .hasMessageContaining("expected");
    }

    @Test
    void aPoolTooSmallForTheModelIsNamed() {
        var failure = catchThrowableOfType(
                KvernException.class,
                () -> RunnerProcess.start(
                        config("kv.pool_bytes=1048576", "kv.chunk_tokens=4096"), ProgressListener.NONE));
        assertThat(failure).hasMessageContaining("kv.pool_bytes: 1048576").hasMessageContaining("at least");
    }

    @Test
    void aPoolForWhichThereIsNoMemoryIsNamedWithWhatIsFree() {
        var failure = catchThrowableOfType(
                KvernException.class,
                () -> RunnerProcess.start(config("kv.pool_bytes=10000000000000"), ProgressListener.NONE));
        assertThat(failure.reason()).isEqualTo(ErrorReason.MISCONFIGURED);
        assertThat(failure)
                .hasMessageMatching("KV pool: 9999999\\d{6} bytes, .* bytes of memory are free \\(expected: .*")
                .hasMessageContaining("kv.pool_bytes");
    }

    private static RunnerConfig config(String... overrides) throws ConfigException {
        var all = new ArrayList<>(
                List.of("model.path=" + MODEL, "model.threads=1", "listen.grpc_port=0", "kv.pool_bytes=100000000"));
        all.addAll(List.of(overrides));
        return RunnerConfig.loader().load(null, all).config();
    }

    private static GenerationServiceGrpc.GenerationServiceBlockingStub stub() {
        return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
    }

    private static GenerateRequest greedy(Prompt prompt, int maxTokens) {
        return GenerateRequest.newBuilder()
                .setPrompt(prompt)
                .setMaxTokens(maxTokens)
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .setCache(CacheControl.newBuilder().setReadCluster(false))
                .build();
    }

    private static GenerateRequest sampled(SamplingParameters.Builder sampling) {
        return GenerateRequest.newBuilder()
                .setPrompt(Prompt.newBuilder().setText("Hello"))
                .setSampling(sampling)
                .build();
    }

    private static void refused(GenerateRequest request, String... words) {
        var failure = catchThrowableOfType(StatusRuntimeException.class, () -> collect(request));
        assertThat(failure).as("refusal of %s", request).isNotNull();
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.getStatus().getDescription()).contains(words).contains("expected");
    }

    private static Answer collect(GenerateRequest request) {
        var answer = new Answer();
        stub().generate(request).forEachRemaining(answer::add);
        return answer;
    }

    private static final class Answer {
        private final List<GenerateResponse> responses = new ArrayList<>();
        private final List<Integer> tokens = new ArrayList<>();
        private String text = "";
        private String runner = "";
        private Usage usage = Usage.getDefaultInstance();
        private FinishReason reason = FinishReason.FINISH_REASON_UNSPECIFIED;

        void add(GenerateResponse response) {
            responses.add(response);
            tokens.addAll(response.getTokenIdsList());
            text += response.getTextDelta();
            runner += response.getRunnerId();
            usage = response.getUsage();
            reason = response.getFinishReason();
        }
    }
}
