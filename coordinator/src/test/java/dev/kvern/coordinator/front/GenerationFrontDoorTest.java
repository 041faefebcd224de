package dev.kvern.coordinator.front;

import static dev.kvern.coordinator.Members.runner;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockDigest;
import dev.kvern.coordinator.SteppedClock;
import dev.kvern.coordinator.front.ScriptedRunner.Behaviour;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.membership.Settling;
import dev.kvern.coordinator.routing.RouteDecision;
import dev.kvern.coordinator.routing.RoutePolicy;
import dev.kvern.coordinator.routing.RunnerChoice;
import dev.kvern.coordinator.routing.UnderWay;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.RequestRecord.Outcome;
import dev.kvern.rpc.Failures;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.BlocksStored;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.Model;
import dev.kvern.v1.Prompt;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class GenerationFrontDoorTest {
    private static final String PROMPT = "a prompt of several blocks";

    private final SteppedClock clock = new SteppedClock();
    private final MemberRegistry members = new MemberRegistry(new MembershipLimits(100, 400, 10_000, 10), clock);
    private final Settling settling =
            new Settling(new MembershipLimits(100, 400, 10_000, 10, 1_000, 200), clock, Runnable::run);
    private final PrefixIndex index = new PrefixIndex(1_000);
    private final UnderWay underWay = new UnderWay();
    private final RunnerChannels channels = new RunnerChannels(address -> {
        if (address.startsWith("broken")) {
            throw new IllegalArgumentException(address);
        }
        return InProcessChannelBuilder.forName(address).build();
    });
    private final BlockingQueue<RequestRecord> records = new LinkedBlockingQueue<>();
    private final BlockingQueue<LeadingBlocks> named = new LinkedBlockingQueue<>();
    private final ScriptedRunner a = new ScriptedRunner("a");
    private final ScriptedRunner b = new ScriptedRunner("b");

    @SuppressWarnings("NullAway.Init")
    private Server server;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    @BeforeEach
    void start() throws IOException {
        members.register(runner("a"));
        members.register(runner("b"));
        serve(new Settling(new MembershipLimits(100, 400, 10_000, 10), clock, Runnable::run));
    }

    private void serve(Settling settling) throws IOException {
        var choice = new RunnerChoice(members, index, underWay, RoutePolicy.longestPrefix(256));
        var front = new GenerationFrontDoor(
                members,
                settling,
                choice,
                channels,
                underWay,
                new FrontLimits(4, 100_000, 3, 10_000, 5, true),
                new CallClock(clock, () -> 7),
                Telemetry.off(),
                new RequestListener() {
                    @Override
                    public void ended(RequestRecord record) {
                        records.add(record);
                    }

                    @Override
                    public void named(RequestRecord record, LeadingBlocks prompt) {
                        named.add(prompt);
                    }
                });
        server = InProcessServerBuilder.forName("front")
                .addService(front)
                .build()
                .start();
        channel = InProcessChannelBuilder.forName("front").build();
    }

    @AfterEach
    void stop() throws InterruptedException {
        stopServing();
        channels.close();
        a.close();
        b.close();
    }

    private void stopServing() throws InterruptedException {
        channel.shutdownNow();
        server.shutdownNow().awaitTermination();
    }

    private void holds(String runner, String text) {
        index.stored(
                runner,
                BlocksStored.newBuilder()
                        .setNamespace(ScriptedRunner.SPACE.toByteString())
                        .addAllDigests(ScriptedRunner.blocks(text).stream()
                                .map(BlockDigest::toByteString)
                                .toList())
                        .build());
    }

    private static GenerateRequest.Builder request(String text) {
        return GenerateRequest.newBuilder().setPrompt(Prompt.newBuilder().setText(text));
    }

    @Test
    void whatFailsUnexpectedlyLeavesNothingUnderWay() {
        members.register(runner("broken"));
        for (int i = 0; i < 10; i++) {
            assertThat(failure(request("x").setRunnerId("broken")).getCode()).isEqualTo(Status.Code.INTERNAL);
        }
        assertThat(underWay.requests("broken")).isZero();
        assertThat(ask(request("x").setRunnerId("a"))).isNotEmpty();
    }

    @Test
    void aCallWhoseNextRunnerCannotBeCalledEndsWithWhatBefellItsFirst() throws InterruptedException {
        members.deregister("b");
        a.behaviour = Behaviour.SILENT;
        for (int i = 0; i < 5; i++) {
            // More than may be under way together.
            var answer = new LinkedBlockingQueue<String>();
            GenerationServiceGrpc.newStub(channel).generate(request(PROMPT).build(), noting(answer));
            assertThat(a.requests.poll(20, TimeUnit.SECONDS)).isNotNull();
            members.register(runner("broken"));
            underWay.lost("a");
            assertThat(answer.poll(20, TimeUnit.SECONDS)).contains("runner a: no longer heard by the coordinator");
            assertThat(record().outcome()).isEqualTo(Outcome.FAILED);
            assertThat(underWay.requests("a")).isZero();
            assertThat(underWay.requests("broken")).isZero();
            members.deregister("broken");
        }
    }

    @Test
    void requestsTogetherAreBounded() {
        Status refused = failure(request("x".repeat(100_000)));
        assertThat(refused.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        assertThat(refused.getDescription()).contains("at most 4, and 100000 bytes");
        assertThat(ask(request("x").setRunnerId("a"))).isNotEmpty();
    }

    /** From now on the coordinator is one that has just started, with no runner. */
    private void beginAnew() throws IOException, InterruptedException {
        stopServing();
        members.deregister("a");
        members.deregister("b");
        serve(settling);
    }

    /** Waits until a request waits. */
    private void awaitWaiting() {
        while (settling.waiting() == 0) {
            Thread.onSpinWait();
        }
    }

    private void settle() {
        clock.stepMillis(1_000);
        settling.look();
    }

    @Test
    void whatNobodyCanServeYetWaitsUntilMembersHadTheTimeToRegister() throws IOException, InterruptedException {
        beginAnew();
        var answer = new LinkedBlockingQueue<String>();
        GenerationServiceGrpc.newStub(channel).generate(request("x").build(), noting(answer));
        awaitWaiting();
        members.register(runner("a"));
        assertThat(ask(request("y"))).as("what can be served is").isNotEmpty();
        assertThat(record().outcome()).isEqualTo(Outcome.LENGTH);
        assertThat(answer).isEmpty();
        settle();
        assertThat(answer.poll(20, TimeUnit.SECONDS)).isEqualTo("answered by a");
    }

    @Test
    void aCallerThatDoesNotWaitForThatIsForgotten() throws IOException, InterruptedException {
        beginAnew();
        for (int i = 0; i < 10; i++) {
            // More than may be under way together.
            var caller = new Puller();
            GenerationServiceGrpc.newStub(channel).generate(request("x").build(), caller);
            awaitWaiting();
            caller.call.cancel("enough", null);
            assertThat(record().outcome()).isEqualTo(Outcome.CANCELLED);
        }
        assertThat(settling.waiting()).isZero();
        settle();
        assertThat(records).isEmpty();
        Status failed = failure(request("x"));
        assertThat(failed.getDescription()).contains("no runner is up");
    }

    private static StreamObserver<GenerateResponse> noting(BlockingQueue<String> answer) {
        return new StreamObserver<>() {
            private String runner = "";

            @Override
            public void onNext(GenerateResponse response) {
                runner += response.getRunnerId();
            }

            @Override
            public void onError(Throwable failure) {
                answer.add(failure.toString());
            }

            @Override
            public void onCompleted() {
                answer.add("answered by " + runner);
            }
        };
    }

    private List<GenerateResponse> ask(GenerateRequest.Builder request) {
        var all = new ArrayList<GenerateResponse>();
        Iterator<GenerateResponse> answer =
                GenerationServiceGrpc.newBlockingStub(channel).generate(request.build());
        answer.forEachRemaining(all::add);
        return all;
    }

    private Status failure(GenerateRequest.Builder request) {
        try {
            ask(request);
        } catch (StatusRuntimeException e) {
            return e.getStatus();
        }
        throw new AssertionError("no failure");
    }

    private RequestRecord record() throws InterruptedException {
        RequestRecord record = records.poll(20, TimeUnit.SECONDS);
        assertThat(record).isNotNull();
        return record;
    }

    @Test
    void goesToTheRunnerThatHoldsTheLongestPrefixWithTheTokensOnce() throws InterruptedException {
        holds("b", PROMPT.substring(0, 16));
        holds("a", PROMPT.substring(0, 4));
        List<GenerateResponse> answer = ask(request(PROMPT));
        assertThat(answer.get(0).getRunnerId()).isEqualTo("b");
        assertThat(answer).hasSize(4);
        GenerateRequest seen = b.requests.remove();
        assertThat(seen.getPrompt().getTokenIds().getIdsList())
                .isEqualTo(PROMPT.chars().boxed().toList());
        assertThat(seen.getRequestId()).isNotEmpty().isEqualTo(answer.get(0).getRequestId());
        RequestRecord record = record();
        assertThat(record.runner()).isEqualTo("b");
        assertThat(record.model()).isEqualTo("demo");
        assertThat(record.outcome()).isEqualTo(Outcome.LENGTH);
        assertThat(record.attempts()).isEqualTo(1);
        assertThat(record.usage().getPromptTokens()).isEqualTo(PROMPT.length());
        assertThat(underWay.requests("b")).isZero();
    }

    @Test
    void aPinnedRequestGoesToItsRunnerUnchangedAndNowhereElse() {
        holds("b", PROMPT);
        ask(request(PROMPT).setRunnerId("a"));
        assertThat(a.requests.remove().getPrompt().getText()).isEqualTo(PROMPT);
        assertThat(a.tokenized.get() + b.tokenized.get()).isZero();
        a.behaviour = Behaviour.UNAVAILABLE;
        Status status = failure(request(PROMPT).setRunnerId("a"));
        assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status.getDescription()).isEqualTo("runner a: stopping");
        assertThat(b.requests).isEmpty();
        assertThat(failure(request(PROMPT).setRunnerId("c")))
                .satisfies(s -> assertThat(s.getCode()).isEqualTo(Status.Code.NOT_FOUND))
                .satisfies(s -> assertThat(s.getDescription()).contains("'c'", "[a, b]"));
    }

    @Test
    void aRunnerThatIsFullOrStoppingIsReplacedBeforeItHasAnswered() throws InterruptedException {
        for (Behaviour behaviour : List.of(Behaviour.FULL, Behaviour.UNAVAILABLE)) {
            holds("b", PROMPT);
            b.behaviour = behaviour;
            assertThat(ask(request(PROMPT)).get(0).getRunnerId()).isEqualTo("a");
            RequestRecord record = record();
            assertThat(record.attempts()).isEqualTo(2);
            assertThat(record.outcome()).isEqualTo(Outcome.LENGTH);
        }
    }

    @Test
    void whenAllAreFullTheCallerHearsSo() {
        a.behaviour = Behaviour.FULL;
        b.behaviour = Behaviour.FULL;
        assertThatThrownBy(() -> ask(request(PROMPT))).isInstanceOfSatisfying(StatusRuntimeException.class, e -> {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(e.getStatus().getDescription()).isEqualTo("request queue: full");
            assertThat(e.getTrailers().get(Failures.RETRY_AFTER_MILLIS)).isEqualTo("700");
        });
    }

    @Test
    void theNamesOfAPromptsBlocksStayHere() throws InterruptedException {
        List<GenerateResponse> answer = ask(request(PROMPT).setRunnerId("a").setReportBlocks(1_000));
        assertThat(answer).noneMatch(GenerateResponse::hasLeadingBlocks);
        assertThat(a.requests.remove().getReportBlocks())
                .as("what the coordinator wants")
                .isEqualTo(5);
        LeadingBlocks blocks = named.poll(20, TimeUnit.SECONDS);
        assertThat(blocks).isNotNull();
        assertThat(blocks.getDigestsList())
                .isEqualTo(ScriptedRunner.blocks(PROMPT).stream()
                        .limit(5)
                        .map(BlockDigest::toByteString)
                        .toList());
    }

    @Test
    void aRunnerThatHasOnlySaidHowFarItIsCanBeReplaced() throws InterruptedException {
        holds("b", PROMPT);
        b.behaviour = Behaviour.LOST_AFTER_PROGRESS;
        List<GenerateResponse> answer = ask(request(PROMPT).setReportProgress(true));
        assertThat(answer.get(0).hasProgress()).isTrue();
        assertThat(answer.get(1).getRunnerId()).isEqualTo("a");
        RequestRecord record = record();
        assertThat(record.attempts()).isEqualTo(2);
        assertThat(record.detail().routes()).extracting(RouteDecision::chosen).containsExactly("b", "a");
    }

    @Test
    void aDefectIsNotTriedAgain() {
        a.behaviour = Behaviour.INTERNAL;
        b.behaviour = Behaviour.INTERNAL;
        assertThat(failure(request(PROMPT)).getCode()).isEqualTo(Status.Code.INTERNAL);
        assertThat(a.requests.size() + b.requests.size()).isEqualTo(1);
    }

    @Test
    void aRunnerThatFallsSilentIsGivenUpAndReplaced() throws InterruptedException {
        holds("b", PROMPT);
        b.behaviour = Behaviour.SILENT;
        var answer = new ArrayList<GenerateResponse>();
        var thread = new Thread(() -> answer.addAll(ask(request(PROMPT))));
        thread.start();
        assertThat(b.requests.poll(20, TimeUnit.SECONDS)).isNotNull();
        underWay.lost("b");
        thread.join();
        assertThat(answer.get(0).getRunnerId()).isEqualTo("a");
        assertThat(b.cancelled.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(underWay.requests("b")).isZero();
    }

    @Test
    void afterTheFirstTokenALostRunnerIsAnError() throws InterruptedException {
        a.behaviour = Behaviour.LOST_AFTER_A_TOKEN;
        b.behaviour = Behaviour.LOST_AFTER_A_TOKEN;
        Status status = failure(request(PROMPT));
        assertThat(status.getCode()).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status.getDescription()).contains("was lost while it answered: gone");
        assertThat(record().outcome()).isEqualTo(Outcome.FAILED);
    }

    @Test
    void anAnswerWithoutAnEndIsAnError() {
        a.behaviour = Behaviour.ENDS_WITHOUT_REASON;
        b.behaviour = Behaviour.ENDS_WITHOUT_REASON;
        assertThat(failure(request(PROMPT)).getDescription()).contains("without a finish reason");
    }

    @Test
    void aBadPromptIsRefusedByTheRunnersWords() {
        assertThat(failure(request(""))).satisfies(s -> {
            assertThat(s.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(s.getDescription()).isEqualTo("prompt: ''");
        });
        assertThat(a.requests.size() + b.requests.size()).isZero();
    }

    @Test
    void namesThatNoLogCanTakeAreRefused() throws InterruptedException {
        for (String id : List.of("two words", "line\nfeed", "caf\u00e9", "x".repeat(257))) {
            Status status = failure(request(PROMPT).setRequestId(id));
            assertThat(status.getCode()).as(id).isEqualTo(Status.Code.INVALID_ARGUMENT);
            assertThat(status.getDescription()).startsWith("request_id: " + id.length() + " characters (expected: ");
            RequestRecord record = record();
            assertThat(record.outcome()).isEqualTo(Outcome.REFUSED);
            assertThat(record.requestId()).hasSizeLessThanOrEqualTo(256).matches("[!-~]+");
        }
        Status status = failure(request(PROMPT).setModel("m".repeat(5_000)));
        assertThat(status.getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(status.getDescription()).startsWith("model: a name of 5000 characters (expected: at most 512)");
        assertThat(record().model()).hasSize(1_000);
        assertThat(a.requests.size() + b.requests.size()).isZero();
        assertThat(ask(request(PROMPT).setRequestId("x".repeat(256)))).hasSize(4);
    }

    @Test
    void withoutItsBlocksAPromptIsRoutedAllTheSame() {
        a.tokenizes = false;
        b.tokenizes = false;
        assertThat(ask(request(PROMPT))).hasSize(4);
        GenerateRequest seen = a.requests.isEmpty() ? b.requests.remove() : a.requests.remove();
        assertThat(seen.getPrompt().getText()).isEqualTo(PROMPT);
    }

    @Test
    void theOnlyRunnerIsNotAskedForBlocks() {
        members.deregister("b");
        ask(request(PROMPT));
        assertThat(a.tokenized.get()).isZero();
        members.deregister("a");
        assertThat(failure(request(PROMPT)).getDescription()).contains("no runner is up");
    }

    @Test
    void modelsAreToldApart() {
        assertThat(failure(request(PROMPT).setModel("other")))
                .satisfies(s -> assertThat(s.getCode()).isEqualTo(Status.Code.NOT_FOUND))
                .satisfies(s -> assertThat(s.getDescription()).isEqualTo("model: 'other' (expected: one of [demo])"));
        members.register(runner("b").toBuilder()
                .setModels(0, Model.newBuilder().setName("other"))
                .build());
        assertThat(ask(request(PROMPT).setModel("other")).get(0).getRunnerId()).isEqualTo("b");
        assertThat(failure(request(PROMPT)).getDescription()).isEqualTo("model: '' (expected: one of [demo, other])");
        assertThat(GenerationServiceGrpc.newBlockingStub(channel)
                        .listModels(ListModelsRequest.getDefaultInstance())
                        .getModelsList())
                .extracting(Model::getName)
                .containsExactly("demo", "other");
    }

    @Test
    void aCallerThatGoesAwayEndsTheRunnersWork() throws InterruptedException {
        a.behaviour = Behaviour.SILENT;
        b.behaviour = Behaviour.SILENT;
        var caller = new Puller();
        GenerationServiceGrpc.newStub(channel)
                .generate(request(PROMPT).setRequestId("r").setRunnerId("a").build(), caller);
        assertThat(a.requests.poll(20, TimeUnit.SECONDS)).isNotNull();
        caller.call.cancel("enough", null);
        assertThat(a.cancelled.poll(20, TimeUnit.SECONDS)).isEqualTo("r");
        assertThat(record().outcome()).isEqualTo(Outcome.CANCELLED);
        assertThat(underWay.requests("a")).isZero();
    }

    @Test
    void aDeadlineReachesTheRunner() {
        a.behaviour = Behaviour.SILENT;
        assertThatThrownBy(() -> GenerationServiceGrpc.newBlockingStub(channel)
                        .withDeadlineAfter(300, TimeUnit.MILLISECONDS)
                        .generate(request(PROMPT).setRunnerId("a").build())
                        .hasNext())
                .extracting(e -> Status.fromThrowable(e).getCode())
                .isEqualTo(Status.Code.DEADLINE_EXCEEDED);
    }

    @Test
    void aSlowCallerSlowsTheRunnerInsteadOfFillingMemory() throws InterruptedException {
        a.tokens = 100_000;
        var caller = new Puller();
        GenerationServiceGrpc.newStub(channel)
                .generate(request(PROMPT).setRunnerId("a").build(), caller);
        // The caller has asked for one response only.
        assertThat(caller.responses.poll(20, TimeUnit.SECONDS)).isNotNull();
        caller.call.request(1);
        assertThat(caller.responses.poll(20, TimeUnit.SECONDS)).isNotNull();
        assertThat(a.taken.get()).isLessThan(100);
        caller.call.request(Integer.MAX_VALUE);
        assertThat(caller.ended.poll(20, TimeUnit.SECONDS)).isEqualTo("completed");
        assertThat(a.taken.get()).isEqualTo(100_000);
    }

    @Test
    void callsAreBounded() throws InterruptedException {
        a.behaviour = Behaviour.SILENT;
        var callers = new ArrayList<Puller>();
        for (int i = 0; i < 4; i++) {
            var caller = new Puller();
            GenerationServiceGrpc.newStub(channel)
                    .generate(request(PROMPT).setRunnerId("a").build(), caller);
            assertThat(a.requests.poll(20, TimeUnit.SECONDS)).isNotNull();
            callers.add(caller);
        }
        assertThat(failure(request(PROMPT).setRunnerId("b")))
                .satisfies(s -> assertThat(s.getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED))
                .satisfies(s -> assertThat(s.getDescription()).contains("calls under way: 5"));
        assertThat(record().outcome()).isEqualTo(Outcome.REFUSED);
        callers.get(0).call.cancel("enough", null);
        assertThat(record().outcome()).isEqualTo(Outcome.CANCELLED);
        assertThat(ask(request(PROMPT).setRunnerId("b"))).hasSize(4);
    }

    /** A caller that takes responses one at a time, when it asks for them. */
    private static final class Puller implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
        final BlockingQueue<GenerateResponse> responses = new LinkedBlockingQueue<>();
        final BlockingQueue<String> ended = new LinkedBlockingQueue<>();

        @SuppressWarnings("NullAway.Init") // set before the call starts
        ClientCallStreamObserver<GenerateRequest> call;

        @Override
        public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
            call = started;
            started.disableAutoRequestWithInitial(1);
        }

        @Override
        public void onNext(GenerateResponse response) {
            responses.add(response);
        }

        @Override
        public void onError(Throwable failure) {
            ended.add(String.valueOf(failure.getMessage()));
        }

        @Override
        public void onCompleted() {
            ended.add("completed");
        }
    }
}
