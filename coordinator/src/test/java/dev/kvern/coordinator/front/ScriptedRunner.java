package dev.kvern.coordinator.front;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.rpc.Failures;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.PromptProgress;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import dev.kvern.v1.Usage;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.Status;
import io.grpc.inprocess.InProcessServerBuilder;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.atomic.AtomicInteger;

/** A runner that does as it is told. A prompt's tokens are its text's characters, four to a block. */
final class ScriptedRunner extends GenerationServiceGrpc.GenerationServiceImplBase implements AutoCloseable {
    static final NamespaceId SPACE = NamespaceId.parse("33".repeat(32));
    static final int BLOCK_TOKENS = 4;

    /** What a Generate call does. */
    enum Behaviour {
        ANSWERS,
        FULL,
        UNAVAILABLE,
        INTERNAL,
        SILENT,
        LOST_AFTER_A_TOKEN,
        LOST_AFTER_PROGRESS,
        ENDS_WITHOUT_REASON
    }

    final String id;
    final AtomicInteger tokenized = new AtomicInteger();
    final BlockingQueue<GenerateRequest> requests = new LinkedBlockingQueue<>();
    final BlockingQueue<String> cancelled = new LinkedBlockingQueue<>();
    final AtomicInteger taken = new AtomicInteger();
    volatile Behaviour behaviour = Behaviour.ANSWERS;
    volatile boolean tokenizes = true;
    volatile int tokens = 3;
    private final Server server;

    ScriptedRunner(String id) {
        this.id = id;
        try {
            this.server = InProcessServerBuilder.forName(id + ":1")
                    .addService(this)
                    .build()
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static List<BlockDigest> blocks(String text) {
        return new BlockChain(BLOCK_TOKENS).digests(text.chars().toArray());
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
        tokenized.incrementAndGet();
        String text = request.getPrompt().getText();
        if (!tokenizes) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
            return;
        }
        if (text.isEmpty()) {
            responses.onError(
                    Status.INVALID_ARGUMENT.withDescription("prompt: ''").asRuntimeException());
            return;
        }
        responses.onNext(TokenizeResponse.newBuilder()
                .setNamespace(SPACE.toByteString())
                .setBlockTokens(BLOCK_TOKENS)
                .addAllTokenIds(text.chars().boxed().toList())
                .addAllBlockDigests(
                        blocks(text).stream().map(BlockDigest::toByteString).toList())
                .build());
        responses.onCompleted();
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        var responses = (ServerCallStreamObserver<GenerateResponse>) observer;
        responses.setOnCancelHandler(() -> cancelled.add(request.getRequestId()));
        requests.add(request);
        switch (behaviour) {
            case FULL -> {
                var trailers = new Metadata();
                trailers.put(Failures.RETRY_AFTER_MILLIS, "700");
                responses.onError(Status.RESOURCE_EXHAUSTED
                        .withDescription("request queue: full")
                        .asRuntimeException(trailers));
            }
            case UNAVAILABLE ->
                responses.onError(Status.UNAVAILABLE.withDescription("stopping").asRuntimeException());
            case INTERNAL ->
                responses.onError(Status.INTERNAL.withDescription("a defect").asRuntimeException());
            case SILENT -> {}
            case LOST_AFTER_A_TOKEN -> {
                responses.onNext(token(request, 0));
                responses.onError(Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
            }
            case LOST_AFTER_PROGRESS -> {
                responses.onNext(GenerateResponse.newBuilder()
                        .setRequestId(request.getRequestId())
                        .setProgress(PromptProgress.newBuilder().setPromptTokens(9))
                        .build());
                responses.onError(Status.UNAVAILABLE.withDescription("gone").asRuntimeException());
            }
            case ENDS_WITHOUT_REASON -> {
                responses.onNext(token(request, 0));
                responses.onCompleted();
            }
            case ANSWERS -> answer(request, responses);
        }
    }

    /** Sends a token whenever one is taken, then the end. */
    private void answer(GenerateRequest request, ServerCallStreamObserver<GenerateResponse> responses) {
        var sent = new AtomicInteger();
        Runnable more = () -> {
            while (responses.isReady() && sent.get() <= tokens) {
                int n = sent.getAndIncrement();
                taken.set(n);
                if (n < tokens) {
                    responses.onNext(token(request, n));
                } else {
                    responses.onNext(last(request));
                    responses.onCompleted();
                }
            }
        };
        responses.setOnReadyHandler(more);
    }

    private GenerateResponse token(GenerateRequest request, int n) {
        return GenerateResponse.newBuilder()
                .setRequestId(request.getRequestId())
                .setRunnerId(n == 0 ? id : "")
                .addTokenIds(n)
                .build();
    }

    private GenerateResponse last(GenerateRequest request) {
        int length = Math.max(
                request.getPrompt().getTokenIds().getIdsCount(),
                request.getPrompt().getText().length());
        GenerateResponse.Builder last = GenerateResponse.newBuilder();
        if (request.getReportBlocks() > 0) {
            String text = request.getPrompt().getText();
            last.setLeadingBlocks(LeadingBlocks.newBuilder()
                    .setNamespace(SPACE.toByteString())
                    .setBlockTokens(BLOCK_TOKENS)
                    .addAllDigests(blocks(text).stream()
                            .limit(request.getReportBlocks())
                            .map(BlockDigest::toByteString)
                            .toList()));
        }
        return last.setRequestId(request.getRequestId())
                .setFinishReason(FinishReason.FINISH_REASON_LENGTH)
                .setUsage(Usage.newBuilder()
                        .setPromptTokens(length)
                        .setComputedTokens(length)
                        .setCompletionTokens(tokens))
                .build();
    }

    @Override
    public void close() {
        server.shutdownNow();
    }
}
