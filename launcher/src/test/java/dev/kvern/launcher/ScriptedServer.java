package dev.kvern.launcher;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.GetClusterStatsRequest;
import dev.kvern.v1.GetClusterStatsResponse;
import dev.kvern.v1.Usage;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;

/** A coordinator that says what it is told to. Safe for use by several threads. */
final class ScriptedServer implements AutoCloseable {
    /** What was asked, in order. */
    final BlockingQueue<GenerateRequest> asked = new LinkedBlockingQueue<>();

    volatile GetClusterStatsResponse stats = GetClusterStatsResponse.getDefaultInstance();

    private final GrpcServer server =
            GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of(new Generation(), new Cluster()));

    String target() {
        return "127.0.0.1:" + server.port();
    }

    @Override
    public void close() {
        server.close();
    }

    /** Says "grüße" in two tokens, to everyone but model "gpt-9". */
    private final class Generation extends GenerationServiceGrpc.GenerationServiceImplBase {
        @Override
        public void generate(GenerateRequest request, StreamObserver<GenerateResponse> responses) {
            if (request.getModel().equals("gpt-9")) {
                throw new KvernException(ErrorReason.NOT_FOUND, "model: 'gpt-9' (expected: kvern-demo)");
            }
            asked.add(request);
            responses.onNext(GenerateResponse.newBuilder()
                    .setRequestId("r-1")
                    .setRunnerId("runner-1")
                    .addTokenIds(5)
                    .setTextDelta("grü")
                    .build());
            responses.onNext(GenerateResponse.newBuilder()
                    .setRequestId("r-1")
                    .addTokenIds(6)
                    .setTextDelta("ße")
                    .build());
            responses.onNext(GenerateResponse.newBuilder()
                    .setRequestId("r-1")
                    .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
                    .setUsage(Usage.newBuilder()
                            .setPromptTokens(3)
                            .setComputedTokens(3)
                            .setCompletionTokens(2))
                    .build());
            responses.onCompleted();
        }
    }

    private final class Cluster extends ClusterServiceGrpc.ClusterServiceImplBase {
        @Override
        public void getClusterStats(GetClusterStatsRequest request, StreamObserver<GetClusterStatsResponse> responses) {
            responses.onNext(stats);
            responses.onCompleted();
        }
    }
}
