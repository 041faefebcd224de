package dev.kvern.telemetry;

import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ServerInterceptor;
import io.opentelemetry.api.common.AttributeKey;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.api.trace.TracerProvider;
import io.opentelemetry.exporter.otlp.http.trace.OtlpHttpSpanExporter;
import io.opentelemetry.sdk.resources.Resource;
import io.opentelemetry.sdk.trace.SdkTracerProvider;
import io.opentelemetry.sdk.trace.export.BatchSpanProcessor;
import io.opentelemetry.sdk.trace.export.SpanExporter;
import io.opentelemetry.sdk.trace.samplers.Sampler;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Spans of what is done for requests, as OpenTelemetry has them. Off, it starts nothing, intercepts nothing and makes no span. The
 * span that work belongs to is part of gRPC's context, beside the {@link RequestId}. Safe for use by several threads.
 */
public final class Telemetry implements AutoCloseable {
    private static final Context.Key<io.opentelemetry.context.Context> TRACE = Context.key("kvern-trace");
    private static final String SCOPE = "dev.kvern";
    private static final Telemetry OFF = new Telemetry(null);
    private static final Duration EXPORT_TIMEOUT = Duration.ofSeconds(5);
    private static final Duration EXPORT_DELAY = Duration.ofSeconds(1);

    /** Spans that wait to be sent; what comes beyond that is dropped. */
    private static final int QUEUE = 4_096;

    private static final long CLOSE_SECONDS = 2;

    private final @Nullable SdkTracerProvider provider;
    private final Tracer tracer;

    /** What to add to {@link System#nanoTime} to have nanoseconds since 1970. */
    private final long epochOffset;

    private Telemetry(@Nullable SdkTracerProvider provider) {
        this.provider = provider;
        this.tracer = (provider == null ? TracerProvider.noop() : provider).get(SCOPE);
        this.epochOffset = TimeUnit.MILLISECONDS.toNanos(System.currentTimeMillis()) - System.nanoTime();
    }

    /** No spans. */
    public static Telemetry off() {
        return OFF;
    }

    /**
     * As configured: spans are sent in batches by a thread of its own, or there are none.
     *
     * @param role "coordinator", "runner" or "node"
     * @param id of the process
     */
    public static Telemetry start(TelemetryConfig config, String role, String id) {
        if (config.otlpEndpoint().isEmpty()) {
            return OFF;
        }
        SpanExporter exporter = OtlpHttpSpanExporter.builder()
                .setEndpoint(config.tracesUrl())
                .setTimeout(EXPORT_TIMEOUT)
                .build();
        return start(new ReportingExporter(exporter, config.tracesUrl()), config.sampleRatio(), role, id);
    }

    /** The same to any exporter. */
    public static Telemetry start(SpanExporter exporter, double sampleRatio, String role, String id) {
        var resource = Resource.getDefault()
                .merge(Resource.create(Attributes.of(
                        AttributeKey.stringKey("service.name"),
                        "kvern-" + role,
                        AttributeKey.stringKey("service.namespace"),
                        "kvern",
                        AttributeKey.stringKey("service.instance.id"),
                        id)));
        return new Telemetry(SdkTracerProvider.builder()
                .setResource(resource)
                .setSampler(Sampler.parentBased(Sampler.traceIdRatioBased(sampleRatio)))
                .addSpanProcessor(BatchSpanProcessor.builder(exporter)
                        .setScheduleDelay(EXPORT_DELAY)
                        .setMaxQueueSize(QUEUE)
                        .build())
                .build());
    }

    public boolean on() {
        return provider != null;
    }

    /** What servers are to be intercepted with; the outermost last. */
    public List<ServerInterceptor> serverInterceptors() {
        return on() ? List.of(new RequestIdServer(), new TraceServer(tracer)) : List.of(new RequestIdServer());
    }

    /** What channels are to be intercepted with; the outermost last. */
    public List<ClientInterceptor> clientInterceptors() {
        return on() ? List.of(new RequestIdClient(), new TraceClient(tracer)) : List.of(new RequestIdClient());
    }

    /** The span that what is done in a context belongs to; one that records nothing if there is none. */
    public static Span span(Context context) {
        io.opentelemetry.context.@Nullable Context trace = TRACE.get(context);
        return trace == null ? Span.getInvalid() : Span.fromContext(trace);
    }

    /** The context of what is done within a span. */
    public static Context within(Context context, Span span) {
        return context.withValue(TRACE, trace(context).with(span));
    }

    static io.opentelemetry.context.Context trace(Context context) {
        io.opentelemetry.context.@Nullable Context trace = TRACE.get(context);
        return trace == null ? io.opentelemetry.context.Context.root() : trace;
    }

    /** Begins a span within that of a context. Whoever begins it ends it. */
    public Span begin(String name, Context context) {
        return on() ? tracer.spanBuilder(name).setParent(trace(context)).startSpan() : Span.getInvalid();
    }

    /** Begins a span with a kind within one that a caller named. */
    public Span begin(String name, SpanKind kind, io.opentelemetry.context.Context parent) {
        return on()
                ? tracer.spanBuilder(name).setSpanKind(kind).setParent(parent).startSpan()
                : Span.getInvalid();
    }

    /** Begins a trace of what a context's request has caused and does not wait for; none if that request is not followed. */
    public Span beginLinked(String name, Context context) {
        Span cause = span(context);
        return cause.getSpanContext().isSampled()
                ? tracer.spanBuilder(name)
                        .setNoParent()
                        .addLink(cause.getSpanContext())
                        .startSpan()
                : Span.getInvalid();
    }

    /**
     * Notes what has already happened, within the span of a context.
     *
     * @param beginNanos by {@link System#nanoTime}
     * @param endNanos by the same clock
     */
    public void record(String name, Context context, long beginNanos, long endNanos, Attributes attributes) {
        if (!span(context).getSpanContext().isSampled()) {
            return;
        }
        SpanBuilder builder = tracer.spanBuilder(name)
                .setParent(trace(context))
                .setStartTimestamp(beginNanos + epochOffset, TimeUnit.NANOSECONDS)
                .setAllAttributes(attributes);
        builder.startSpan().end(Math.max(beginNanos, endNanos) + epochOffset, TimeUnit.NANOSECONDS);
    }

    /** Sends what waits, for a moment, and ends. */
    @Override
    public void close() {
        if (provider != null) {
            provider.shutdown().join(CLOSE_SECONDS, TimeUnit.SECONDS);
        }
    }
}
