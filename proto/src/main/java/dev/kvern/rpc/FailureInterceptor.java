package dev.kvern.rpc;

import com.google.protobuf.InvalidProtocolBufferException;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Turns what a service throws, or passes to {@code onError}, into the status of its {@link ErrorReason}. Only defects of
 * ours are logged with a stack trace: a caller's mistake is the caller's to read. Immutable.
 */
public final class FailureInterceptor implements ServerInterceptor {
    private static final Logger log = LoggerFactory.getLogger(FailureInterceptor.class);

    @Override
    public <Q, R> ServerCall.Listener<Q> interceptCall(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        var guarded = new SimpleForwardingServerCall<Q, R>(call) {
            private boolean closed;

            @Override
            public void close(Status status, Metadata trailers) {
                if (closed) {
                    return;
                }
                closed = true;
                // A service's onError(KvernException) arrives here as UNKNOWN with the exception as its cause.
                Throwable cause = status.getCause();
                Status mapped =
                        status.getCode() == Status.Code.UNKNOWN && cause != null ? Failures.toStatus(cause) : status;
                if (mapped.getCode() == Status.Code.INTERNAL) {
                    log.error("{} failed", call.getMethodDescriptor().getFullMethodName(), mapped.getCause());
                }
                Failures.addTrailers(mapped.getCause(), trailers);
                super.close(mapped, trailers);
            }
        };
        return new SimpleForwardingServerCallListener<>(start(guarded, headers, next)) {
            @Override
            public void onMessage(Q message) {
                try {
                    super.onMessage(message);
                } catch (RuntimeException e) {
                    guarded.close(malformed(guarded, e).orElseGet(() -> Failures.toStatus(e)), new Metadata());
                }
            }

            @Override
            public void onHalfClose() {
                guard(guarded, super::onHalfClose);
            }

            @Override
            public void onReady() {
                guard(guarded, super::onReady);
            }
        };
    }

    private static <Q, R> ServerCall.Listener<Q> start(
            ServerCall<Q, R> call, Metadata headers, ServerCallHandler<Q, R> next) {
        try {
            return next.startCall(call, headers);
        } catch (RuntimeException e) {
            call.close(Failures.toStatus(e), new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    /** The status for bytes that are not the message expected, if that is what went wrong. */
    private static Optional<Status> malformed(ServerCall<?, ?> call, RuntimeException failure) {
        if (!(failure.getCause() instanceof InvalidProtocolBufferException e)) {
            return Optional.empty();
        }
        return Optional.of(Status.INVALID_ARGUMENT
                .withDescription("request of " + call.getMethodDescriptor().getFullMethodName() + ": " + e.getMessage()
                        + " (expected: the method's protobuf message, every text in valid UTF-8)")
                .withCause(e));
    }

    private static void guard(ServerCall<?, ?> call, Runnable step) {
        try {
            step.run();
        } catch (RuntimeException e) {
            call.close(Failures.toStatus(e), new Metadata());
        }
    }
}
