package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.telemetry.RequestScope;
import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import io.grpc.Context;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.StatusCode;
import java.util.List;
import java.util.Locale;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;

/** A tier whose fetches leave spans, in the trace of the request that they are for. Safe for use by several threads. */
public final class TracedTier implements CacheTier {
    private final CacheTier tier;
    private final Telemetry telemetry;

    public TracedTier(CacheTier tier, Telemetry telemetry) {
        this.tier = tier;
        this.telemetry = telemetry;
    }

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        Context request = Context.current();
        Span span = telemetry.begin("kvern.fetch", request);
        span.setAttribute(SpanAttributes.KEYS, keys.size());
        Fetch fetch = RequestScope.call(Telemetry.within(request, span), () -> tier.fetch(keys, chunkBytes, sink));
        fetch.outcome().thenAccept(outcome -> {
            span.setAttribute(SpanAttributes.CHUNKS, outcome.chunks());
            span.setAttribute(SpanAttributes.BYTES, (long) outcome.chunks() * chunkBytes);
            span.setAttribute(SpanAttributes.OUTCOME, name(outcome));
            span.end();
        });
        return fetch;
    }

    private static String name(FetchOutcome outcome) {
        if (outcome instanceof FetchOutcome.PartialHit hit) {
            return "partial: " + hit.reason().name().toLowerCase(Locale.ROOT);
        }
        return outcome instanceof FetchOutcome.Miss miss
                ? "miss: " + miss.reason().name().toLowerCase(Locale.ROOT)
                : "hit";
    }

    @Override
    public CompletableFuture<OptionalInt> matchLater(List<BlockKey> keys) {
        Context request = Context.current();
        Span span = telemetry.begin("kvern.match", request);
        span.setAttribute(SpanAttributes.KEYS, keys.size());
        CompletableFuture<OptionalInt> matched =
                RequestScope.call(Telemetry.within(request, span), () -> tier.matchLater(keys));
        var answer = new CompletableFuture<OptionalInt>();
        matched.whenComplete((hits, failure) -> {
            if (failure == null) {
                span.setAttribute(SpanAttributes.HITS, hits.orElse(0));
            } else {
                span.setStatus(StatusCode.ERROR);
            }
            span.end();
            // What follows the answer is part of the request, not of the look-up.
            RequestScope.call(
                    request, () -> failure == null ? answer.complete(hits) : answer.completeExceptionally(failure));
        });
        return answer;
    }

    @Override
    public int nearby(List<BlockKey> keys) {
        return tier.nearby(keys);
    }

    @Override
    public void keep(List<? extends ChunkSource> chunks) {
        tier.keep(chunks);
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        return tier.match(keys);
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> chunks) {
        return tier.put(chunks);
    }
}
