package dev.kvern.runner.server;

import dev.kvern.runner.engine.Usage;
import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.GenerateResponse;
import io.grpc.Context;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import java.util.function.LongSupplier;

/**
 * What one Generate call leaves in its trace, made of the figures that the engine keeps anyway when all is over: the engine's turns
 * are not for this. Confined to the engine's thread.
 */
final class GenerationSpans {
    private final Telemetry telemetry;
    private final Context context;
    private final LongSupplier nanoTime;
    private final long arrivedAt;

    /**
     * The call has arrived.
     *
     * @param context of the call
     * @param nanoTime the engine's clock
     */
    GenerationSpans(Telemetry telemetry, Context context, LongSupplier nanoTime) {
        this.telemetry = telemetry;
        this.context = context;
        this.nanoTime = nanoTime;
        this.arrivedAt = nanoTime.getAsLong();
    }

    void finished(Usage usage, GenerateResponse last) {
        Span call = Telemetry.span(context);
        if (!call.isRecording()) {
            return;
        }
        long firstToken = arrivedAt + usage.ttftNanos();
        long admitted = Math.min(firstToken, arrivedAt + usage.queueNanos());
        // What a fetch took has a span of its own, made where it was begun.
        long fetched = Math.min(firstToken, admitted + usage.fetchNanos());
        telemetry.record("kvern.queue", context, arrivedAt, admitted, Attributes.empty());
        telemetry.record(
                "kvern.prefill",
                context,
                fetched,
                firstToken,
                Attributes.builder()
                        .put(SpanAttributes.COMPUTED_TOKENS, usage.computedTokens())
                        .put(SpanAttributes.LOCAL_TOKENS, usage.localTokens())
                        .put(SpanAttributes.HOST_TOKENS, usage.hostTokens())
                        .put(SpanAttributes.CLUSTER_TOKENS, usage.clusterTokens())
                        .build());
        telemetry.record(
                "kvern.decode",
                context,
                firstToken,
                nanoTime.getAsLong(),
                Attributes.of(SpanAttributes.OUTPUT_TOKENS, (long) usage.generatedTokens()));
        SpanAttributes.usage(call, last.getUsage(), last.getFinishReason());
    }
}
