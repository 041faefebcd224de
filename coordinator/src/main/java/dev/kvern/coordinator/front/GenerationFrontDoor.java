package dev.kvern.coordinator.front;

import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MemberStatus;
import dev.kvern.coordinator.membership.Settling;
import dev.kvern.coordinator.routing.RunnerChoice;
import dev.kvern.coordinator.routing.UnderWay;
import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.telemetry.RequestId;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.ListModelsResponse;
import dev.kvern.v1.Model;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * GenerationService for the whole cluster: each call goes to a runner, its answer comes back unchanged, but for the names of the
 * prompt's blocks, which the coordinator asks for itself. Safe for use by several threads.
 */
public final class GenerationFrontDoor extends GenerationServiceGrpc.GenerationServiceImplBase {
    private static final int MAX_MODEL_NAME = 512;

    private final MemberRegistry members;
    private final Settling settling;
    private final RunnerChoice choice;
    private final RunnerChannels channels;
    private final UnderWay underWay;
    private final FrontLimits limits;
    private final CallClock clock;
    private final Telemetry telemetry;
    private final RequestListener listener;
    private final AtomicInteger calls = new AtomicInteger();
    private final AtomicLong callBytes = new AtomicLong();

    /**
     * @param settling a Generate call that nobody can serve waits for its end
     * @param listener hears of every Generate call's end
     */
    public GenerationFrontDoor(
            MemberRegistry members,
            Settling settling,
            RunnerChoice choice,
            RunnerChannels channels,
            UnderWay underWay,
            FrontLimits limits,
            CallClock clock,
            Telemetry telemetry,
            RequestListener listener) {
        this.members = members;
        this.settling = settling;
        this.choice = choice;
        this.channels = channels;
        this.underWay = underWay;
        this.limits = limits;
        this.clock = clock;
        this.telemetry = telemetry;
        this.listener = listener;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        var responses = (ServerCallStreamObserver<GenerateResponse>) observer;
        String id = RequestId.settle(request.getRequestId());
        GenerateRequest named = request.getRequestId().equals(id)
                ? request
                : request.toBuilder().setRequestId(id).build();
        int size = named.getSerializedSize();
        var call = new RoutedGeneration(
                named,
                responses,
                deadline(),
                choice,
                channels,
                underWay,
                limits,
                clock,
                new RequestSpans(telemetry, Context.current(), named),
                new RequestListener() {
                    @Override
                    public void ended(RequestRecord record) {
                        calls.decrementAndGet();
                        callBytes.addAndGet(-size);
                        listener.ended(record);
                    }

                    @Override
                    public void named(RequestRecord record, LeadingBlocks prompt) {
                        listener.named(record, prompt);
                    }
                });
        int many = calls.incrementAndGet();
        long much = callBytes.addAndGet(size);
        if (many > limits.maxCalls() || much > limits.callBytes()) {
            call.refuse(new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "calls under way: " + many + " of " + much + " bytes (expected: at most " + limits.maxCalls()
                            + ", and " + limits.callBytes() + " bytes; try again later)"));
            return;
        }
        try {
            check(request);
        } catch (KvernException e) {
            call.refuse(e);
            return;
        }
        responses.setOnReadyHandler(call::ready);
        BooleanSupplier servable = () -> choice.canServe(named.getRunnerId(), named.getModel());
        if (settling.isSettled() || servable.getAsBoolean()) {
            responses.setOnCancelHandler(call::cancelled);
            call.start();
        } else {
            Runnable forget = settling.when(servable, Context.current().wrap(call::start));
            responses.setOnCancelHandler(() -> {
                forget.run();
                call.cancelled();
            });
        }
    }

    /** What names things here stands in logs and on pages. */
    private static void check(GenerateRequest request) {
        String id = request.getRequestId();
        if (!id.isEmpty() && !RequestId.isValid(id)) {
            throw KvernException.invalid(
                    "request_id",
                    id.length() + " characters",
                    "at most " + RequestId.MAX_LENGTH + ", all of them visible ASCII");
        }
        int length = request.getModel().length();
        if (length > MAX_MODEL_NAME) {
            throw KvernException.invalid("model", "a name of " + length + " characters", "at most " + MAX_MODEL_NAME);
        }
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
        MemberStatus runner = choice.leastBusy(choice.serving(request.getModel(), Set.of()));
        channels.stub(runner).withDeadline(deadline()).tokenize(request, responses);
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        Map<String, Model> models = new TreeMap<>();
        List<MemberStatus> runners = members.current().runners();
        runners.forEach(m -> m.member().getModelsList().forEach(model -> models.putIfAbsent(model.getName(), model)));
        responses.onNext(
                ListModelsResponse.newBuilder().addAllModels(models.values()).build());
        responses.onCompleted();
    }

    /** Generate calls under way. */
    public int underWay() {
        return calls.get();
    }

    /** What callers of this door are followed with. */
    Telemetry telemetry() {
        return telemetry;
    }

    private static @Nullable Deadline deadline() {
        return Context.current().getDeadline();
    }
}
