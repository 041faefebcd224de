package dev.kvern.node.grpc;

import dev.kvern.node.store.StoreCounters;
import dev.kvern.v1.BlockStoreServiceGrpc;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import java.util.function.LongSupplier;

/** Measures Gets and Puts that end well, from outside them. Safe for use by several threads. */
public final class CallTimes implements ServerInterceptor {
    private static final String GET = BlockStoreServiceGrpc.getGetMethod().getFullMethodName();
    private static final String PUT = BlockStoreServiceGrpc.getPutMethod().getFullMethodName();
    private static final double NANOS_PER_SECOND = 1e9;

    private final StoreCounters counters;
    private final LongSupplier nanoTime;

    public CallTimes(StoreCounters counters, LongSupplier nanoTime) {
        this.counters = counters;
        this.nanoTime = nanoTime;
    }

    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
        String method = call.getMethodDescriptor().getFullMethodName();
        boolean get = method.equals(GET);
        return next.startCall(get || method.equals(PUT) ? new Timed<>(call, get) : call, headers);
    }

    /** Messages are sent one after the other, whatever the thread: gRPC asks for that. */
    private final class Timed<A, B> extends SimpleForwardingServerCall<A, B> {
        private final boolean get;
        private final long begun = nanoTime.getAsLong();
        private double firstSeconds = -1;

        Timed(ServerCall<A, B> call, boolean get) {
            super(call);
            this.get = get;
        }

        @Override
        public void sendMessage(B message) {
            if (firstSeconds < 0) {
                firstSeconds = seconds();
            }
            super.sendMessage(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            if (status.isOk() && get) {
                double all = seconds();
                counters.got(firstSeconds < 0 ? all : firstSeconds, all);
            } else if (status.isOk()) {
                counters.put(seconds());
            }
            super.close(status, trailers);
        }

        private double seconds() {
            return (nanoTime.getAsLong() - begun) / NANOS_PER_SECOND;
        }
    }
}
