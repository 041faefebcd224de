package dev.kvern.coordinator.openai;

import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.Usage;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A front door that says what it is told to, on the thread that tells it. Safe for use by several threads. */
final class ScriptedFront extends GenerationServiceGrpc.GenerationServiceImplBase implements AutoCloseable {
    final BlockingQueue<Call> calls = new LinkedBlockingQueue<>();
    private final Server server;
    private final ManagedChannel channel;

    ScriptedFront() {
        String name = InProcessServerBuilder.generateName();
        try {
            server = InProcessServerBuilder.forName(name)
                    .directExecutor()
                    .addService(this)
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        channel = InProcessChannelBuilder.forName(name).directExecutor().build();
    }

    ManagedChannel channel() {
        return channel;
    }

    /** The next call that was made. */
    Call next() {
        try {
            Call call = calls.poll(30, TimeUnit.SECONDS);
            if (call == null) {
                throw new AssertionError("no call");
            }
            return call;
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        var responses = (ServerCallStreamObserver<GenerateResponse>) observer;
        var call = new Call(request, responses, new LinkedBlockingQueue<>());
        responses.setOnCancelHandler(() -> call.cancelled.add(true));
        calls.add(call);
    }

    /** A call under way. */
    record Call(
            GenerateRequest request,
            ServerCallStreamObserver<GenerateResponse> responses,
            BlockingQueue<Boolean> cancelled) {
        void token(String text) {
            responses.onNext(GenerateResponse.newBuilder()
                    .setRunnerId("runner-7")
                    .addTokenIds(1)
                    .setTextDelta(text)
                    .build());
        }

        void end(FinishReason reason) {
            responses.onNext(GenerateResponse.newBuilder()
                    .setFinishReason(reason)
                    .setUsage(Usage.newBuilder()
                            .setPromptTokens(10)
                            .setComputedTokens(6)
                            .setCachedLocalTokens(4)
                            .setCompletionTokens(2))
                    .build());
            responses.onCompleted();
        }

        boolean awaitCancelled() {
            try {
                return cancelled.poll(30, TimeUnit.SECONDS) != null;
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
        server.shutdownNow();
    }
}
