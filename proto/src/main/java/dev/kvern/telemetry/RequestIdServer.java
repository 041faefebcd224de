package dev.kvern.telemetry;

import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves each call in the context of its request: named by the caller's header, or by the service, which may find the name in the
 * message. A call that fails tells the name in its trailers. Immutable.
 */
public final class RequestIdServer implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(RequestIdServer.class);

    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
        String given = headers.get(RequestId.HEADER);
        Context context = RequestId.in(Context.current(), given == null ? "" : given);
        var named = new SimpleForwardingServerCall<A, B>(call) {
            @Override
            public void close(Status status, Metadata trailers) {
                String id = RequestId.of(context);
                if (!id.isEmpty()) {
                    Telemetry.span(context).setAttribute(SpanAttributes.REQUEST_ID, id);
                    if (!status.isOk()) {
                        trailers.discardAll(RequestId.HEADER);
                        trailers.put(RequestId.HEADER, id);
                    }
                    logEnd(status);
                }
                super.close(status, trailers);
            }

            private void logEnd(Status status) {
                if (log.isDebugEnabled()) {
                    String method = getMethodDescriptor().getFullMethodName();
                    RequestScope.run(context, () -> log.debug("{}: {}", method, status.getCode()));
                }
            }
        };
        return new ScopedListener<>(context, RequestScope.call(context, () -> next.startCall(named, headers)));
    }
}
