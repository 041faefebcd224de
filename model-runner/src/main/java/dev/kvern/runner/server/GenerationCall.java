package dev.kvern.runner.server;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.Ending;
import dev.kvern.runner.engine.PromptSpan;
import dev.kvern.runner.engine.Source;
import dev.kvern.runner.engine.Ticket;
import dev.kvern.runner.engine.TokenStream;
import dev.kvern.runner.engine.Usage;
import dev.kvern.runner.sampling.SampledToken;
import dev.kvern.runner.sampling.Sampler;
import dev.kvern.runner.text.Detokenizer;
import dev.kvern.runner.text.StopMatcher;
import dev.kvern.runner.text.Tokenizer;
import dev.kvern.v1.FinishReason;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.LeadingBlocks;
import dev.kvern.v1.PromptProgress;
import dev.kvern.v1.TokenLogprob;
import dev.kvern.v1.TokenLogprobs;
import dev.kvern.v1.TokenSource;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One call of Generate: samples the tokens and writes the responses. Confined to the engine's thread, apart from the
 * cancellation, which comes from gRPC's.
 */
final class GenerationCall implements TokenStream {
    private final String requestId;
    private final String runnerId;
    private final GenerationOptions options;
    private final Tokenizer tokenizer;
    private final Sampler sampler;
    private final Detokenizer detokenizer;
    private final StopMatcher stops;
    private final ServerCallStreamObserver<GenerateResponse> responses;
    private final GenerationSpans spans;
    private final int promptTokens;
    private final boolean reportsProgress;
    private final Supplier<Optional<LeadingBlocks>> leadingBlocks;
    private boolean first = true;
    private boolean stoppedByText;
    private volatile boolean cancelled;
    private volatile @Nullable Ticket ticket;

    /** @param leadingBlocks gives the names of the prompt's blocks, asked once at the end; empty if nobody wants them */
    GenerationCall(
            String requestId,
            String runnerId,
            int[] prompt,
            GenerationOptions options,
            Tokenizer tokenizer,
            boolean reportsProgress,
            Supplier<Optional<LeadingBlocks>> leadingBlocks,
            ServerCallStreamObserver<GenerateResponse> responses,
            GenerationSpans spans) {
        this.requestId = requestId;
        this.runnerId = runnerId;
        this.options = options;
        this.tokenizer = tokenizer;
        this.promptTokens = prompt.length;
        this.reportsProgress = reportsProgress;
        this.leadingBlocks = leadingBlocks;
        this.sampler = new Sampler(options.sampling(), prompt);
        this.detokenizer = tokenizer.newDetokenizer();
        this.stops = new StopMatcher(options.stop());
        this.responses = responses;
        this.spans = spans;
    }

    /** The caller has gone. */
    void cancelled() {
        cancelled = true;
        Ticket accepted = ticket;
        if (accepted != null) {
            accepted.cancel();
        }
    }

    void accepted(Ticket given) {
        ticket = given;
        if (cancelled) {
            given.cancel();
        }
    }

    @Override
    public boolean ready() {
        return responses.isReady() || cancelled;
    }

    @Override
    public Choice next(float[] logits) {
        SampledToken token =
                sampler.sample(logits, 0, logits.length, options.logprobs().orElse(0));
        StopMatcher.Match text = stops.push(detokenizer.push(token.id()));
        stoppedByText = text.stopped();
        GenerateResponse.Builder response = response().addTokenIds(token.id()).setTextDelta(text.emit());
        if (options.logprobs().isPresent()) {
            response.addLogprobs(describe(token));
        }
        responses.onNext(response.build());
        return new Choice(token.id(), stoppedByText || options.stopTokens().contains(token.id()));
    }

    @Override
    public boolean wantsProgress() {
        return reportsProgress;
    }

    @Override
    public void progress(List<PromptSpan> spans) {
        responses.onNext(response()
                .setProgress(PromptProgress.newBuilder()
                        .setPromptTokens(promptTokens)
                        .addAllSpans(describe(spans)))
                .build());
    }

    @Override
    public void finished(Ending ending, Usage usage) {
        String rest = "";
        if (!stoppedByText) {
            StopMatcher.Match end = stops.push(detokenizer.finish());
            rest = end.stopped() ? end.emit() : end.emit() + stops.finish();
        }
        GenerateResponse.Builder last = response()
                .setTextDelta(rest)
                .setFinishReason(
                        ending == Ending.STOP ? FinishReason.FINISH_REASON_STOP : FinishReason.FINISH_REASON_LENGTH)
                .setUsage(describe(usage));
        leadingBlocks.get().ifPresent(last::setLeadingBlocks);
        GenerateResponse response = last.build();
        responses.onNext(response);
        spans.finished(usage, response);
        responses.onCompleted();
    }

    @Override
    public void failed(KvernException failure) {
        responses.onError(failure);
    }

    private GenerateResponse.Builder response() {
        GenerateResponse.Builder response = GenerateResponse.newBuilder().setRequestId(requestId);
        if (first) {
            first = false;
            response.setRunnerId(runnerId);
        }
        return response;
    }

    private TokenLogprobs describe(SampledToken token) {
        var described = TokenLogprobs.newBuilder().setChosen(describe(token.id(), token.logprob()));
        for (SampledToken.TopToken top : token.top()) {
            described.addTop(describe(top.id(), top.logprob()));
        }
        return described.build();
    }

    private TokenLogprob describe(int id, float logprob) {
        return TokenLogprob.newBuilder()
                .setTokenId(id)
                .setLogprob(logprob)
                .setText(tokenizer.tokenText(id))
                .build();
    }

    private static dev.kvern.v1.Usage describe(Usage usage) {
        return dev.kvern.v1.Usage.newBuilder()
                .setPromptTokens(usage.promptTokens())
                .setCompletionTokens(usage.generatedTokens())
                .setCachedLocalTokens(usage.localTokens())
                .setCachedHostTokens(usage.hostTokens())
                .setCachedClusterTokens(usage.clusterTokens())
                .setComputedTokens(usage.computedTokens())
                .setTtftMillis(millis(usage.ttftNanos()))
                .setQueueMillis(millis(usage.queueNanos()))
                .setFetchMillis(millis(usage.fetchNanos()))
                .addAllSpans(describe(usage.spans()))
                .build();
    }

    private static List<dev.kvern.v1.PromptSpan> describe(List<PromptSpan> spans) {
        return spans.stream()
                .map(span -> dev.kvern.v1.PromptSpan.newBuilder()
                        .setSource(describe(span.source()))
                        .setTokens(span.tokens())
                        .build())
                .toList();
    }

    private static TokenSource describe(Source source) {
        return switch (source) {
            case LOCAL -> TokenSource.TOKEN_SOURCE_LOCAL;
            case HOST -> TokenSource.TOKEN_SOURCE_HOST;
            case CLUSTER -> TokenSource.TOKEN_SOURCE_CLUSTER;
            case COMPUTED -> TokenSource.TOKEN_SOURCE_COMPUTED;
            case SEVERAL -> TokenSource.TOKEN_SOURCE_UNSPECIFIED;
        };
    }

    private static double millis(long nanos) {
        return (double) nanos / TimeUnit.MILLISECONDS.toNanos(1);
    }
}
