package dev.kvern.telemetry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GenerationServiceGrpc.GenerationServiceBlockingStub;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.MDC;

class RequestIdTest {
    private final ExecutorService threads = Executors.newFixedThreadPool(2);
    private final GrpcServer server = GrpcServer.start("127.0.0.1", 0, threads, List.of(new Echo()));
    private final ManagedChannel channel =
            GrpcChannels.open("127.0.0.1:" + server.port(), Telemetry.off().clientInterceptors());

    /** Answers with what a log line would say; a model called "broken" makes it fail. */
    private final class Echo extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
            String id = RequestId.settle(request.getRequestId());
            if (request.getModel().equals("broken")) {
                throw KvernException.invalid("model", "'broken'", "a whole one");
            }
            RequestScope.carrying(threads).execute(() -> {
                responses.onNext(GenerateResponse.newBuilder()
                        .setRequestId(id)
                        .setTextDelta(String.valueOf(MDC.get(RequestId.LOG_FIELD)))
                        .build());
                responses.onCompleted();
            });
        }

        @Override
        public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
            responses.onError(new KvernException(
                    dev.kvern.rpc.ErrorReason.NOT_FOUND, "logged as " + MDC.get(RequestId.LOG_FIELD)));
        }
    }

    @AfterEach
    void stop() throws InterruptedException {
        channel.shutdownNow();
        server.close();
        threads.shutdownNow();
        assertThat(threads.awaitTermination(20, TimeUnit.SECONDS)).isTrue();
    }

    private GenerationServiceBlockingStub stub() {
        return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
    }

    private GenerateResponse generate(String id) {
        return stub().generate(GenerateRequest.newBuilder().setRequestId(id).build())
                .next();
    }

    @Test
    void aRequestIsNamedByItselfElseByItsCallerElseAnew() {
        GenerateResponse byItself = generate("own");
        assertThat(byItself.getRequestId()).isEqualTo("own");
        assertThat(byItself.getTextDelta()).as("field of log lines").isEqualTo("own");
        GenerateResponse byCaller = within("callers", () -> generate(""));
        assertThat(byCaller.getRequestId()).isEqualTo("callers");
        assertThat(within("callers", () -> generate("own")).getRequestId()).isEqualTo("own");
        GenerateResponse anew = generate("");
        assertThat(anew.getRequestId()).hasSize(36).isEqualTo(anew.getTextDelta());
    }

    @Test
    void aFailureSaysWhichRequestItWas() {
        assertThat(failure(() -> stub().generate(GenerateRequest.newBuilder()
                                .setRequestId("own")
                                .setModel("broken")
                                .build())
                        .next()))
                .isEqualTo("own");
        assertThat(failure(() -> within("callers", () -> stub().tokenize(TokenizeRequest.getDefaultInstance()))))
                .isEqualTo("callers");
        assertThat(failure(() -> stub().tokenize(TokenizeRequest.getDefaultInstance())))
                .as("of a call for no request")
                .isNull();
    }

    @Test
    void aNameCannotForgeALogLine() {
        GenerateResponse answer = generate("a b\nERROR all is lost\u00e9");
        assertThat(answer.getRequestId()).isEqualTo("a?b?ERROR?all?is?lost?");
        assertThat(answer.getTextDelta()).isEqualTo(answer.getRequestId());
        assertThat(RequestId.isValid("a b")).isFalse();
        assertThat(RequestId.isValid("x".repeat(257))).isFalse();
        assertThat(RequestId.isValid("x".repeat(256))).isTrue();
        assertThat(within("x\ny", () -> generate("")).getRequestId()).isEqualTo("x?y");
        assertThat(generate("long".repeat(1_000)).getTextDelta()).hasSize(256);
    }

    @Test
    void aScopeGivesBackWhatWasThere() throws Exception {
        Context outer = RequestId.in(Context.ROOT, "outer");
        var seen = new CompletableFuture<@Nullable String>();
        RequestScope.run(outer, () -> {
            RequestScope.run(
                    RequestId.in(outer, "inner"),
                    () -> assertThat(MDC.get(RequestId.LOG_FIELD)).isEqualTo("inner"));
            assertThat(MDC.get(RequestId.LOG_FIELD)).isEqualTo("outer");
            assertThat(RequestId.of(Context.current())).isEqualTo("outer");
            RequestScope.carrying(threads).execute(() -> seen.complete(MDC.get(RequestId.LOG_FIELD)));
        });
        assertThat(seen.get(20, TimeUnit.SECONDS)).isEqualTo("outer");
        assertThat(MDC.get(RequestId.LOG_FIELD)).isNull();
        assertThat(RequestId.of(Context.current())).isEmpty();
    }

    private static <T> T within(String id, java.util.function.Supplier<T> call) {
        return RequestScope.call(RequestId.in(Context.current(), id), call);
    }

    private static @Nullable String failure(Runnable call) {
        var failure = catchThrowableOfType(StatusRuntimeException.class, call::run);
        assertThat(failure.getStatus().getCode()).isIn(Status.Code.INVALID_ARGUMENT, Status.Code.NOT_FOUND);
        var trailers = failure.getTrailers();
        return trailers == null ? null : trailers.get(RequestId.HEADER);
    }
}
