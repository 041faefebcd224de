package dev.kvern.coordinator.openai;

import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc.GenerationServiceStub;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;

/**
 * A request's choices on their way: a call of the front door for each. Of a prompt's choices the first one goes ahead; the others
 * follow to the same runner once it has a token, so that the prompt is computed once. Each call is asked for one response at a
 * time, and for none while the client has enough to take. Confined to the request's event loop.
 */
final class Generation {
    private final ApiRequest request;
    private final String requestId;
    private final GenerationServiceStub front;
    private final Executor loop;
    private final Answer answer;
    private final UsageSum usage = new UsageSum();
    private final @Nullable Choice[] choices;
    private int left;
    private boolean ended;

    /** @param loop runs what it is given on the request's event loop, in order */
    Generation(ApiRequest request, String requestId, GenerationServiceStub front, Executor loop, Answer answer) {
        this.request = request;
        this.requestId = requestId;
        this.front = front;
        this.loop = loop;
        this.answer = answer;
        this.choices = new @Nullable Choice[request.prompts().size() * request.n()];
        this.left = choices.length;
    }

    void start() {
        for (int index = 0; index < choices.length; index += request.n()) {
            begin(index, "");
        }
    }

    /** The client takes more again. */
    void drained() {
        for (Choice choice : choices) {
            if (choice != null && !ended && !answer.isFull()) {
                choice.more();
            }
        }
    }

    /** The client has gone. */
    void cancelled() {
        if (!ended) {
            ended = true;
            cancelAll("the client has gone");
        }
    }

    private void cancelAll(String why) {
        Arrays.stream(choices).filter(Objects::nonNull).forEach(choice -> choice.cancel(why));
    }

    /** @param runner that is to serve it; empty for any */
    private void begin(int index, String runner) {
        var choice = new Choice(index, !runner.isEmpty());
        choices[index] = choice;
        GenerateRequest.Builder call = request.template().toBuilder()
                .setRequestId(index == 0 ? requestId : requestId + "-" + index)
                .setPrompt(request.prompts().get(index / request.n()));
        if (call.getSampling().hasSeed()) {
            call.getSamplingBuilder().setSeed(call.getSampling().getSeed() + index % request.n());
        }
        if (!runner.isEmpty()) {
            call.setRunnerId(runner);
        }
        front.generate(call.build(), choice);
    }

    private void followTo(String runner, int first) {
        for (int index = first + 1; index < first + request.n(); index++) {
            begin(index, runner);
        }
    }

    /** The call of one choice; what it hears it passes to the event loop. */
    private final class Choice implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
        private final int index;
        private final boolean pinned;
        private String runner = "";
        private boolean heard;
        private boolean followed;
        private boolean owed;
        private @Nullable ClientCallStreamObserver<GenerateRequest> call;

        Choice(int index, boolean pinned) {
            this.index = index;
            this.pinned = pinned;
            this.followed = !isFirst();
        }

        private boolean isFirst() {
            return index % request.n() == 0;
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
            call = started;
            started.disableAutoRequestWithInitial(1);
        }

        void more() {
            if (owed && call != null) {
                owed = false;
                call.request(1);
            }
        }

        void cancel(String why) {
            if (call != null) {
                call.cancel(why, null);
            }
        }

        @Override
        public void onNext(GenerateResponse response) {
            loop.execute(() -> take(response));
        }

        @Override
        public void onError(Throwable failure) {
            loop.execute(() -> failed(failure));
        }

        @Override
        public void onCompleted() {
            loop.execute(this::completed);
        }

        private void take(GenerateResponse response) {
            if (ended) {
                return;
            }
            heard = true;
            if (!response.getRunnerId().isEmpty()) {
                runner = response.getRunnerId();
            }
            if (response.hasUsage()) {
                usage.add(response.getUsage(), isFirst());
            }
            if (!answer.part(index, response)) {
                ended = true;
                cancelAll("there is no room for the answer");
                answer.fail(
                        GrpcErrors.busy(
                                "answer: larger than there is room for (expected: stream: true, or fewer tokens, choices and logprobs)"));
                return;
            }
            if (!followed) {
                followed = true;
                followTo(runner, index);
            }
            owed = true;
            if (!answer.isFull()) {
                more();
            }
        }

        private void completed() {
            left--;
            if (left == 0 && !ended) {
                ended = true;
                answer.end(usage.toJson());
            }
        }

        private void failed(Throwable failure) {
            if (ended) {
                return;
            }
            if (pinned
                    && !heard
                    && isAboutTheRunner(Status.fromThrowable(failure).getCode())) {
                begin(index, "");
                return;
            }
            ended = true;
            cancelAll("another choice of the request has failed");
            answer.fail(GrpcErrors.of(failure));
        }

        /** Whether another runner may do better. */
        private static boolean isAboutTheRunner(Status.Code code) {
            return code == Status.Code.NOT_FOUND
                    || code == Status.Code.UNAVAILABLE
                    || code == Status.Code.RESOURCE_EXHAUSTED;
        }
    }
}
