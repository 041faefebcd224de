package dev.kvern.telemetry;

import io.grpc.Context;
import io.opentelemetry.api.trace.SpanContext;
import java.util.concurrent.Executor;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Does work in a request's context: calls made meanwhile carry the request's name and its trace, log lines have both as fields.
 * Stateless.
 */
public final class RequestScope {
    private static final String TRACE_FIELD = "trace_id";

    private RequestScope() {}

    /** Runs a task in a context. */
    public static void run(Context context, Runnable task) {
        call(context, () -> {
            task.run();
            return true;
        });
    }

    /** Asks for a value in a context. */
    public static <T> T call(Context context, Supplier<T> task) {
        Context contextBefore = context.attach();
        @Nullable String idBefore = MDC.get(RequestId.LOG_FIELD);
        @Nullable String traceBefore = MDC.get(TRACE_FIELD);
        String id = RequestId.of(context);
        put(RequestId.LOG_FIELD, id.isEmpty() ? null : id);
        SpanContext span = Telemetry.span(context).getSpanContext();
        put(TRACE_FIELD, span.isValid() ? span.getTraceId() : null);
        try {
            return task.get();
        } finally {
            put(TRACE_FIELD, traceBefore);
            put(RequestId.LOG_FIELD, idBefore);
            context.detach(contextBefore);
        }
    }

    /** Runs each task in the context of who gave it. */
    public static Executor carrying(Executor executor) {
        return task -> {
            Context context = Context.current();
            executor.execute(() -> run(context, task));
        };
    }

    private static void put(String field, @Nullable String value) {
        if (value == null) {
            MDC.remove(field);
        } else {
            MDC.put(field, value);
        }
    }
}
