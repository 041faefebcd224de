package dev.kvern.telemetry;

import io.grpc.Context;
import io.opentelemetry.api.trace.SpanContext;
import java.util.concurrent.Executor;
import org.jspecify.annotations.Nullable;
import org.slf4j.MDC;

/**
 * Makes a request's context that of this thread until it is closed: calls made meanwhile carry its name and its trace, log lines
 * have both as fields. Confined to a thread.
 */
public final class RequestScope implements AutoCloseable {
    private static final String TRACE_FIELD = "trace_id";

    private final Context context;
    private final Context contextBefore;
    private final @Nullable String idBefore;
    private final @Nullable String traceBefore;

    private RequestScope(Context context) {
        this.context = context;
        this.contextBefore = context.attach();
        this.idBefore = MDC.get(RequestId.LOG_FIELD);
        this.traceBefore = MDC.get(TRACE_FIELD);
        String id = RequestId.of(context);
        put(RequestId.LOG_FIELD, id.isEmpty() ? null : id);
        SpanContext span = Telemetry.span(context).getSpanContext();
        put(TRACE_FIELD, span.isValid() ? span.getTraceId() : null);
    }

    public static RequestScope enter(Context context) {
        return new RequestScope(context);
    }

    /** Runs each task in the context of who gave it. */
    public static Executor carrying(Executor executor) {
        return task -> {
            Context context = Context.current();
            executor.execute(() -> {
                try (var scope = enter(context)) {
                    task.run();
                }
            });
        };
    }

    private static void put(String field, @Nullable String value) {
        if (value == null) {
            MDC.remove(field);
        } else {
            MDC.put(field, value);
        }
    }

    @Override
    public void close() {
        put(TRACE_FIELD, traceBefore);
        put(RequestId.LOG_FIELD, idBefore);
        context.detach(contextBefore);
    }
}
