package dev.kvern.runner;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.config.ConfigException;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.health.v1.HealthCheckRequest;
import io.grpc.health.v1.HealthCheckResponse.ServingStatus;
import io.grpc.health.v1.HealthGrpc;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A runner with the demo model that is told to stop in the middle of an answer. */
@Timeout(120)
class RunnerStopTest {
    private static final int TOKENS = 1_000;

    /** More than are generated in the time that a busy machine takes to stop. */
    private static final int ENDLESS = 4_000;

    /** Each token takes as much room as can be had, and there is little: an answer is not at its end before it is read. */
    private static final int LOGPROBS = 20;

    private static final int WINDOW_BYTES = 4 << 10;

    /** It and a caller that has got the first token. */
    private record Stopping(
            RunnerProcess runner, ManagedChannel channel, Thread thread, Iterator<GenerateResponse> answer)
            implements AutoCloseable {
        static Stopping begin(int graceMillis, int tokens) throws ConfigException {
            RunnerProcess runner = RunnerProcess.start(
                    RunnerConfig.loader()
                            .load(
                                    null,
                                    List.of(
                                            "model.path=models/kvern-demo",
                                            "model.threads=1",
                                            "listen.grpc_port=0",
                                            "kv.pool_bytes=50000000",
                                            "shutdown.grace_millis=" + graceMillis))
                            .config(),
                    ProgressListener.NONE);
            ManagedChannel channel = NettyChannelBuilder.forAddress("127.0.0.1", runner.grpcPort())
                    .usePlaintext()
                    .flowControlWindow(WINDOW_BYTES)
                    .build();
            Iterator<GenerateResponse> answer = stub(channel).generate(request(tokens));
            answer.next();
            var thread = new Thread(runner::close, "stopping");
            thread.start();
            return new Stopping(runner, channel, thread, answer);
        }

        private static GenerationServiceGrpc.GenerationServiceBlockingStub stub(ManagedChannel channel) {
            return GenerationServiceGrpc.newBlockingStub(channel).withDeadlineAfter(60, TimeUnit.SECONDS);
        }

        StatusRuntimeException refusal() {
            return catchThrowableOfType(
                    StatusRuntimeException.class,
                    () -> stub(channel).generate(request(1)).next());
        }

        void awaitNotServing() {
            ServingStatus status = ServingStatus.SERVING;
            while (status == ServingStatus.SERVING) {
                status = HealthGrpc.newBlockingStub(channel)
                        .check(HealthCheckRequest.getDefaultInstance())
                        .getStatus();
                LockSupport.parkNanos(1_000_000);
            }
            assertThat(status).isEqualTo(ServingStatus.NOT_SERVING);
        }

        @Override
        public void close() throws InterruptedException {
            channel.shutdownNow();
            thread.join();
        }
    }

    private static GenerateRequest request(int tokens) {
        return GenerateRequest.newBuilder()
                .setPrompt(Prompt.newBuilder().setText("The tower opens at"))
                .setMaxTokens(tokens)
                .setIgnoreEos(true)
                .setLogprobs(LOGPROBS)
                .setSampling(SamplingParameters.newBuilder().setTemperature(0))
                .build();
    }

    @Test
    void anAnswerUnderWayIsFinishedAndNoOtherBegun() throws Exception {
        try (Stopping stopping = Stopping.begin(100_000, TOKENS)) {
            stopping.awaitNotServing();
            StatusRuntimeException refused = stopping.refusal();
            // What makes a coordinator send it elsewhere.
            assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(refused.getStatus().getDescription()).contains("the runner is stopping");
            int tokens = 1;
            while (stopping.answer.hasNext()) {
                tokens += stopping.answer.next().getTokenIdsCount();
            }
            assertThat(tokens).isEqualTo(TOKENS);
            stopping.thread.join();
            stopping.runner.awaitTermination();
        }
    }

    @Test
    void whatTakesLongerThanItsTimeIsToldWhy() throws Exception {
        try (Stopping stopping = Stopping.begin(0, ENDLESS)) {
            var ended = catchThrowableOfType(StatusRuntimeException.class, () -> {
                while (stopping.answer.hasNext()) {
                    stopping.answer.next();
                }
            });
            assertThat(ended.getStatus().getCode()).isEqualTo(Status.Code.UNAVAILABLE);
            assertThat(ended.getStatus().getDescription()).contains("the runner is stopping");
        }
    }
}
