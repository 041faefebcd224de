package dev.kvern.runner.server;

import com.google.common.base.Suppliers;
import dev.kvern.block.BlockDigest;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EnginePulse;
import dev.kvern.runner.engine.GenerationTask;
import dev.kvern.runner.engine.PromptKeys;
import dev.kvern.telemetry.RequestId;
import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.GenerationServiceGrpc;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.ListModelsRequest;
import dev.kvern.v1.ListModelsResponse;
import dev.kvern.v1.TokenizeRequest;
import dev.kvern.v1.TokenizeResponse;
import io.grpc.Context;
import io.grpc.Deadline;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.Arrays;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/** GenerationService over the engine: checks, names and passes on. Safe for use by several threads. */
public final class GenerationGrpc extends GenerationServiceGrpc.GenerationServiceImplBase {
    private static final int MAX_REQUEST_ID = 256;
    private static final int MAX_SALT = 256;

    private final String runnerId;
    private final ServedModel model;
    private final Engine engine;
    private final EnginePulse pulse;
    private final int blockTokens;
    private final PromptReader prompts;
    private final LongSupplier nanoTime;
    private final LongSupplier freshSeed;
    private final Telemetry telemetry;

    /**
     * @param pulse woken when a caller can take more responses
     * @param nanoTime the engine's clock
     * @param freshSeed gives seeds to sampled requests that have none
     */
    public GenerationGrpc(
            String runnerId,
            ServedModel model,
            Engine engine,
            EnginePulse pulse,
            int blockTokens,
            LongSupplier nanoTime,
            LongSupplier freshSeed,
            Telemetry telemetry) {
        this.runnerId = runnerId;
        this.model = model;
        this.engine = engine;
        this.pulse = pulse;
        this.blockTokens = blockTokens;
        this.prompts = new PromptReader(model);
        this.nanoTime = nanoTime;
        this.freshSeed = freshSeed;
        this.telemetry = telemetry;
    }

    @Override
    public void generate(GenerateRequest request, StreamObserver<GenerateResponse> observer) {
        var responses = (ServerCallStreamObserver<GenerateResponse>) observer;
        requireShort("request_id", request.getRequestId(), MAX_REQUEST_ID);
        String requestId = RequestId.settle(request.getRequestId());
        model.requireAsked(request.getModel());
        requireShort("cache_salt", request.getCacheSalt(), MAX_SALT);
        if (request.hasRunnerId() && !request.getRunnerId().equals(runnerId)) {
            throw KvernException.invalid("runner_id", "'" + request.getRunnerId() + "'", runnerId + ", or absent");
        }
        GenerationOptions options = GenerationOptions.of(request, model, freshSeed);
        int[] prompt = prompts.tokens(request.getPrompt());
        // Work for a call that has ended is ended by the engine, not by gRPC in the middle of it.
        Context context = Context.current().fork();
        SpanAttributes.request(Telemetry.span(context), request);
        var spans = new GenerationSpans(telemetry, context, nanoTime);
        LeadingBlockNames names = LeadingBlockNames.asked(request);
        // Done on this thread while the engine works; the engine does it itself only if it is as soon.
        Supplier<Optional<LeadingBlocks>> leading = Suppliers.memoize(
                () -> names.of(prompt, engine.keySpace(), request.getCacheSalt(), blockTokens, model.tokenizer()));
        var call = new GenerationCall(
                requestId,
                runnerId,
                prompt,
                options,
                model.tokenizer(),
                request.getReportProgress(),
                leading,
                responses,
                spans);
        responses.setOnCancelHandler(call::cancelled);
        responses.setOnReadyHandler(pulse::wake);
        CacheControl cache = request.getCache();
        call.accepted(engine.submit(
                new GenerationTask(
                        requestId,
                        prompt,
                        options.maxTokens(),
                        request.getCacheSalt(),
                        !cache.hasReadLocal() || cache.getReadLocal(),
                        !cache.hasReadCluster() || cache.getReadCluster(),
                        !cache.hasWrite() || cache.getWrite(),
                        deadline(),
                        request.getPriority(),
                        context),
                call));
        var unused = leading.get();
    }

    @Override
    public void tokenize(TokenizeRequest request, StreamObserver<TokenizeResponse> responses) {
        model.requireAsked(request.getModel());
        requireShort("cache_salt", request.getCacheSalt(), MAX_SALT);
        int[] tokens = prompts.tokens(request.getPrompt());
        PromptKeys keys = engine.keySpace().keys(tokens, request.getCacheSalt());
        responses.onNext(TokenizeResponse.newBuilder()
                .addAllTokenIds(Arrays.stream(tokens).boxed().toList())
                .setNamespace(keys.namespace().toByteString())
                .addAllBlockDigests(
                        keys.digests().stream().map(BlockDigest::toByteString).toList())
                .setBlockTokens(blockTokens)
                .setChunkTokens(engine.keySpace().chunkTokens())
                .build());
        responses.onCompleted();
    }

    @Override
    public void listModels(ListModelsRequest request, StreamObserver<ListModelsResponse> responses) {
        responses.onNext(
                ListModelsResponse.newBuilder().addModels(model.describe()).build());
        responses.onCompleted();
    }

    private OptionalLong deadline() {
        Deadline deadline = Context.current().getDeadline();
        return deadline == null
                ? OptionalLong.empty()
                : OptionalLong.of(nanoTime.getAsLong() + deadline.timeRemaining(TimeUnit.NANOSECONDS));
    }

    private static void requireShort(String field, String value, int limit) {
        if (value.length() > limit) {
            throw KvernException.invalid(field, value.length() + " characters", "at most " + limit);
        }
    }
}
