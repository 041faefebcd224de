package dev.kvern.telemetry;

import io.grpc.Metadata;
import io.opentelemetry.api.trace.propagation.W3CTraceContextPropagator;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A trace on its way between processes, as W3C Trace Context has it: the headers traceparent and tracestate. Stateless. */
public final class TraceHeaders {
    private static final W3CTraceContextPropagator FORMAT = W3CTraceContextPropagator.getInstance();

    private TraceHeaders() {}

    /** The span of a call's caller; the root if it named none. */
    static Context read(Metadata headers) {
        return FORMAT.extract(Context.root(), headers, new TextMapGetter<>() {
            @Override
            public Iterable<String> keys(Metadata carrier) {
                return carrier.keys();
            }

            @Override
            public @Nullable String get(@Nullable Metadata carrier, String name) {
                return carrier == null ? null : carrier.get(key(name));
            }
        });
    }

    static void write(Context trace, Metadata headers) {
        written(trace).forEach((name, value) -> {
            headers.discardAll(key(name));
            headers.put(key(name), value);
        });
    }

    /** The span that some headers name; the root if they name none. */
    public static Context read(Map<String, String> headers) {
        return FORMAT.extract(Context.root(), headers, new TextMapGetter<>() {
            @Override
            public Iterable<String> keys(Map<String, String> carrier) {
                return carrier.keySet();
            }

            @Override
            public @Nullable String get(@Nullable Map<String, String> carrier, String name) {
                return carrier == null ? null : carrier.get(name);
            }
        });
    }

    /** The headers that name a span. */
    public static Map<String, String> written(Context trace) {
        var headers = new TreeMap<String, String>();
        FORMAT.inject(trace, headers, (carrier, name, value) -> {
            if (carrier != null) {
                carrier.put(name, value);
            }
        });
        return headers;
    }

    private static Metadata.Key<String> key(String name) {
        return Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER);
    }
}
