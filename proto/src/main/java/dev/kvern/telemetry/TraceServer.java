package dev.kvern.telemetry;

import dev.kvern.v1.GenerationServiceGrpc;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import java.util.EnumSet;
import java.util.Set;

/**
 * A span for each call served that belongs to a trace, or begins one: only generation does. So heartbeats and health checks leave
 * none. Immutable.
 */
final class TraceServer implements ServerInterceptor {
    /** What is the server's fault, by OpenTelemetry's conventions for RPC. */
    private static final Set<Status.Code> SERVER_ERRORS = EnumSet.of(
            Status.Code.UNKNOWN,
            Status.Code.DEADLINE_EXCEEDED,
            Status.Code.UNIMPLEMENTED,
            Status.Code.INTERNAL,
            Status.Code.UNAVAILABLE,
            Status.Code.DATA_LOSS);

    private final Tracer tracer;

    TraceServer(Tracer tracer) {
        this.tracer = tracer;
    }

    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
        MethodDescriptor<A, B> method = call.getMethodDescriptor();
        io.opentelemetry.context.Context caller = TraceHeaders.read(headers);
        if (!Span.fromContext(caller).getSpanContext().isValid()
                && !GenerationServiceGrpc.SERVICE_NAME.equals(method.getServiceName())) {
            return next.startCall(call, headers);
        }
        Span span = SpanAttributes.of(tracer.spanBuilder(method.getFullMethodName()), method)
                .setSpanKind(SpanKind.SERVER)
                .setParent(caller)
                .startSpan();
        Context context = Telemetry.within(Context.current(), span);
        var traced = new SimpleForwardingServerCall<A, B>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                SpanAttributes.ended(span, status);
                if (SERVER_ERRORS.contains(status.getCode())) {
                    span.setStatus(StatusCode.ERROR, String.valueOf(status.getDescription()));
                }
                super.close(status, trailers);
            }
        };
        var scoped = new ScopedListener<>(context, RequestScope.call(context, () -> next.startCall(traced, headers)));
        return new SimpleForwardingServerCallListener<A>(scoped) {
            @Override
            public void onCancel() {
                SpanAttributes.ended(span, Status.CANCELLED);
                super.onCancel();
                span.end();
            }

            @Override
            public void onComplete() {
                super.onComplete();
                span.end();
            }
        };
    }
}
