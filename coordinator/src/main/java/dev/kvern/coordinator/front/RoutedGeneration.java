package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.routing.PromptBlocks;
import dev.kvern.coordinator.routing.Route;
import dev.kvern.coordinator.routing.RunnerChoice;
import dev.kvern.coordinator.routing.UnderWay;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.coordinator.stats.RequestRecord.Outcome;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.TokenIds;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Deadline;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One Generate call on its way: learns the prompt's blocks where there is a choice, goes to a runner, passes the responses
 * through as fast as the caller takes them. A runner that is lost or full before it has answered anything is replaced by
 * another. Safe for use by several threads; guarded by this.
 */
final class RoutedGeneration {
    private static final Logger log = LoggerFactory.getLogger(RoutedGeneration.class);

    private final ServerCallStreamObserver<GenerateResponse> responses;
    private final @Nullable Deadline deadline;
    private final RunnerChoice choice;
    private final RunnerChannels channels;
    private final UnderWay underWay;
    private final FrontLimits limits;
    private final RequestTrace trace;
    private final RequestSpans spans;
    private final RequestListener listener;
    private final Set<String> tried = new HashSet<>();
    private final RetryHint hint = new RetryHint();

    private GenerateRequest request;
    private PromptBlocks prompt = PromptBlocks.UNKNOWN;
    private @Nullable Attempt attempt;

    /** The responses the runner may still send were not asked for, because the caller takes none. */
    private boolean owed;

    private boolean answered;
    private boolean ended;

    RoutedGeneration(
            GenerateRequest request,
            ServerCallStreamObserver<GenerateResponse> responses,
            @Nullable Deadline deadline,
            RunnerChoice choice,
            RunnerChannels channels,
            UnderWay underWay,
            FrontLimits limits,
            CallClock clock,
            RequestSpans spans,
            RequestListener listener) {
        this.request = request;
        this.responses = responses;
        this.deadline = deadline;
        this.choice = choice;
        this.channels = channels;
        this.underWay = underWay;
        this.limits = limits;
        this.trace = new RequestTrace(request.getRequestId(), request.getModel(), clock);
        this.spans = spans;
        this.listener = listener;
    }

    synchronized void start() {
        if (ended) {
            // The caller did not wait for its start.
            return;
        }
        try {
            if (request.hasRunnerId()) {
                MemberStatus pinned = choice.pinned(request.getRunnerId());
                request = request.toBuilder().clearRunnerId().build();
                tried.add(pinned.id());
                send(Route.pinned(pinned), false);
                return;
            }
            List<MemberStatus> runners = choice.serving(request.getModel(), Set.of());
            if (runners.size() == 1) {
                route();
            } else {
                tokenize(choice.leastBusy(runners));
            }
        } catch (RuntimeException e) {
            refuse(e);
        }
    }

    /** Ends the call with an error before anything was sent anywhere. */
    synchronized void refuse(RuntimeException failure) {
        leaveUncalled();
        fail(Failures.toStatus(failure));
    }

    /** The caller takes responses again. */
    synchronized void ready() {
        Attempt current = attempt;
        if (owed && current != null && responses.isReady()) {
            owed = false;
            current.more();
        }
    }

    /** The caller has gone. */
    synchronized void cancelled() {
        if (ended) {
            return;
        }
        Attempt current = attempt;
        if (current != null) {
            leave(current);
            current.cancel("the caller has cancelled the request");
        }
        end(Outcome.CANCELLED, "cancelled by the caller");
    }

    private void tokenize(MemberStatus runner) {
        var question = TokenizeRequest.newBuilder().setModel(request.getModel()).setPrompt(request.getPrompt());
        if (request.hasCacheSalt()) {
            question.setCacheSalt(request.getCacheSalt());
        }
        channels.stub(runner)
                .withDeadlineAfter(limits.tokenizeTimeoutMillis(), TimeUnit.MILLISECONDS)
                .tokenize(question.build(), new Blocks());
    }

    /** Sends the request to the best runner that was not tried yet. */
    private void route() {
        List<MemberStatus> runners = choice.serving(request.getModel(), tried);
        Route route = spans.routing(runners, prompt, () -> choice.forPrompt(runners, prompt, request.getRoutingKey()));
        tried.add(route.runner().id());
        send(route, tried.size() < limits.attempts());
    }

    private void send(Route route, boolean replaceable) {
        var next = new Attempt(route, replaceable);
        attempt = next;
        owed = false;
        trace.sentTo(route);
        underWay.add(next.runner(), next);
        channels.stub(route.runner()).withDeadline(deadline).generate(asked(), next);
    }

    /** The request as runners get it: they are to name the prompt's blocks to us, and nobody else's wish counts. */
    private GenerateRequest asked() {
        if (limits.namedBlocks() == 0 && !request.hasReportBlocks()) {
            return request;
        }
        return request.toBuilder()
                .setReportBlocks(limits.namedBlocks())
                .setReportBlockTexts(limits.blockTexts())
                .build();
    }

    /** Leaves an attempt that was begun, if there is one whose runner could not be called. */
    private void leaveUncalled() {
        Attempt begun = attempt;
        if (begun != null) {
            leave(begun);
        }
    }

    private void leave(Attempt current) {
        underWay.remove(current.runner(), current);
        attempt = null;
    }

    private void attemptFailed(Attempt failed, Status status) {
        if (ended || attempt != failed) {
            return;
        }
        leave(failed);
        if (!answered && failed.replaceable && isAboutTheRunner(status)) {
            log.info("{} cannot serve the request ({}), trying another", failed.runner(), status);
            try {
                route();
                return;
            } catch (KvernException e) {
                // Nobody is left: what the last one said tells the caller more.
                log.debug("not sent to another: {}", e.getMessage());
                leaveUncalled();
            } catch (RuntimeException e) {
                // The caller must hear of the call's end, whatever is wrong with the other one.
                log.warn("not sent to another", e);
                leaveUncalled();
            }
        }
        fail(status.getCode() == Status.Code.UNAVAILABLE ? named(failed, status) : status);
    }

    private Status named(Attempt failed, Status status) {
        return status.withDescription("runner " + failed.runner() + (answered ? " was lost while it answered: " : ": ")
                + status.getDescription());
    }

    /** Whether another runner may do better: this one is lost, stopping or full. */
    private static boolean isAboutTheRunner(Status status) {
        return status.getCode() == Status.Code.UNAVAILABLE || status.getCode() == Status.Code.RESOURCE_EXHAUSTED;
    }

    private void fail(Status status) {
        if (!ended) {
            // First: the caller's next call must find this one ended.
            end(outcome(status), status.getCode() + ": " + status.getDescription());
            responses.onError(status.asRuntimeException(hint.trailers(status)));
        }
    }

    private Outcome outcome(Status status) {
        return switch (status.getCode()) {
            case CANCELLED -> Outcome.CANCELLED;
            // An answer that has begun was not refused.
            case INVALID_ARGUMENT, NOT_FOUND, OUT_OF_RANGE, RESOURCE_EXHAUSTED ->
                answered ? Outcome.FAILED : Outcome.REFUSED;
            default -> Outcome.FAILED;
        };
    }

    private void end(Outcome outcome, @Nullable String error) {
        ended = true;
        RequestRecord record = trace.ended(outcome, error);
        spans.ended(record, trace.reason());
        listener.ended(record);
        trace.blocks().ifPresent(blocks -> listener.named(record, blocks));
    }

    /** The prompt's blocks on their way. */
    private final class Blocks implements StreamObserver<TokenizeResponse> {
        @Override
        public void onNext(TokenizeResponse response) {
            synchronized (RoutedGeneration.this) {
                try {
                    prompt = PromptBlocks.of(response);
                } catch (IllegalArgumentException e) {
                    log.warn("a runner named the prompt's blocks wrongly: {}", e.getMessage());
                }
                // The runner need not do it again.
                request = request.toBuilder()
                        .setPrompt(Prompt.newBuilder()
                                .setTokenIds(TokenIds.newBuilder().addAllIds(response.getTokenIdsList())))
                        .build();
            }
        }

        @Override
        public void onError(Throwable failure) {
            Status status = Status.fromThrowable(failure);
            synchronized (RoutedGeneration.this) {
                if (status.getCode() == Status.Code.INVALID_ARGUMENT || status.getCode() == Status.Code.NOT_FOUND) {
                    fail(status);
                } else {
                    log.debug("routed without its prefix: {}", status);
                    go();
                }
            }
        }

        @Override
        public void onCompleted() {
            synchronized (RoutedGeneration.this) {
                go();
            }
        }

        private void go() {
            if (ended) {
                return;
            }
            try {
                route();
            } catch (RuntimeException e) {
                refuse(e);
            }
        }
    }

    /** The call at one runner. Guarded by the generation. */
    private final class Attempt implements ClientResponseObserver<GenerateRequest, GenerateResponse>, UnderWay.Entry {
        private final Route route;
        private final boolean replaceable;
        private final long promptTokens = prompt.tokens();
        private @Nullable ClientCallStreamObserver<GenerateRequest> call;
        private volatile boolean firstTokenSeen;

        Attempt(Route route, boolean replaceable) {
            this.route = route;
            this.replaceable = replaceable;
        }

        String runner() {
            return route.runner().id();
        }

        @Override
        public long waitingTokens() {
            return firstTokenSeen ? 0 : Math.max(0, promptTokens - route.cachedTokens());
        }

        @Override
        public void lost() {
            synchronized (RoutedGeneration.this) {
                // From a thread that looks for silent members.
                spans.run(() ->
                        attemptFailed(this, Status.UNAVAILABLE.withDescription("no longer heard by the coordinator")));
                cancel("the runner is lost");
            }
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
            call = started;
            started.disableAutoRequestWithInitial(1);
        }

        void more() {
            if (call != null) {
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
            synchronized (RoutedGeneration.this) {
                if (ended || attempt != this) {
                    return;
                }
                // Another runner can still do better than one that has only said how far it is.
                answered |= !response.hasProgress();
                firstTokenSeen |= response.getTokenIdsCount() > 0;
                trace.passed(response);
                responses.onNext(
                        response.hasLeadingBlocks()
                                ? response.toBuilder().clearLeadingBlocks().build()
                                : response);
                if (responses.isReady()) {
                    more();
                } else {
                    owed = true;
                }
            }
        }

        @Override
        public void onError(Throwable failure) {
            synchronized (RoutedGeneration.this) {
                hint.note(failure);
                attemptFailed(this, Status.fromThrowable(failure));
            }
        }

        @Override
        public void onCompleted() {
            synchronized (RoutedGeneration.this) {
                if (ended || attempt != this) {
                    return;
                }
                if (!trace.finished()) {
                    attemptFailed(this, Status.INTERNAL.withDescription("the answer ended without a finish reason"));
                    return;
                }
                leave(this);
                end(trace.outcome(), null);
                responses.onCompleted();
            }
        }
    }
}
