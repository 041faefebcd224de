package dev.kvern.telemetry;

import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.Context;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.Tracer;
import org.jspecify.annotations.Nullable;

/** A span for each call that is made within one; the server hears of it. Immutable. */
final class TraceClient implements ClientInterceptor {
    private final Tracer tracer;

    TraceClient(Tracer tracer) {
        this.tracer = tracer;
    }

    @Override
    public <A, B> ClientCall<A, B> interceptCall(MethodDescriptor<A, B> method, CallOptions options, Channel next) {
        io.opentelemetry.context.Context parent = Telemetry.trace(Context.current());
        ClientCall<A, B> call = next.newCall(method, options);
        if (!Span.fromContext(parent).getSpanContext().isValid()) {
            return call;
        }
        return new SimpleForwardingClientCall<>(call) {
            private @Nullable Span span;

            @Override
            public void start(Listener<B> listener, Metadata headers) {
                Span started = SpanAttributes.of(tracer.spanBuilder(method.getFullMethodName()), method)
                        .setSpanKind(SpanKind.CLIENT)
                        .setParent(parent)
                        .setAttribute(SpanAttributes.SERVER_ADDRESS, String.valueOf(next.authority()))
                        .startSpan();
                span = started;
                TraceHeaders.write(parent.with(started), headers);
                super.start(
                        new SimpleForwardingClientCallListener<B>(listener) {
                            @Override
                            public void onClose(Status status, Metadata trailers) {
                                SpanAttributes.ended(started, status);
                                if (!status.isOk() && status.getCode() != Status.Code.CANCELLED) {
                                    started.setStatus(StatusCode.ERROR, String.valueOf(status.getDescription()));
                                }
                                started.end();
                                super.onClose(status, trailers);
                            }
                        },
                        headers);
            }

            @Override
            public void cancel(@Nullable String message, @Nullable Throwable cause) {
                if (span != null && message != null) {
                    span.setAttribute(SpanAttributes.CANCELLED, message);
                }
                super.cancel(message, cause);
            }
        };
    }
}
