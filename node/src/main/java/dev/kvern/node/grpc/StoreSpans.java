package dev.kvern.node.grpc;

import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import dev.kvern.v1.PutResponse;
import dev.kvern.wire.BlockPart;
import io.grpc.Context;
import io.grpc.ForwardingServerCall.SimpleForwardingServerCall;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.Metadata;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.opentelemetry.api.trace.Span;

/**
 * Notes in a call's span how many blocks were asked for or offered, and how many were found or stored; from outside the calls.
 * Immutable.
 */
public final class StoreSpans implements ServerInterceptor {
    @Override
    public <A, B> ServerCall.Listener<A> interceptCall(
            ServerCall<A, B> call, Metadata headers, ServerCallHandler<A, B> next) {
        Span span = Telemetry.span(Context.current());
        if (!span.isRecording()) {
            return next.startCall(call, headers);
        }
        var counted = new Counted<A, B>(call, span);
        return new SimpleForwardingServerCallListener<>(next.startCall(counted, headers)) {
            @Override
            public void onMessage(A message) {
                counted.received(message);
                super.onMessage(message);
            }
        };
    }

    /** Messages come and go one after the other, whatever the thread: gRPC asks for that. */
    private static final class Counted<A, B> extends SimpleForwardingServerCall<A, B> {
        private final Span span;
        private volatile long asked;
        private volatile long found;

        Counted(ServerCall<A, B> call, Span span) {
            super(call);
            this.span = span;
        }

        // Each counter has one writer at a time.
        @SuppressWarnings("NonAtomicVolatileUpdate")
        void received(Object message) {
            if (message instanceof GetRequest get) {
                asked = get.getKeysCount();
            } else if (message instanceof MatchRequest match) {
                asked = match.getKeysCount();
            } else if (message instanceof BlockPart.Header) {
                asked++;
            }
        }

        @Override
        @SuppressWarnings("NonAtomicVolatileUpdate")
        public void sendMessage(B message) {
            if (message instanceof BlockPart.Header || message instanceof BlockPart.Placed) {
                found++;
            } else if (message instanceof MatchResponse match) {
                found = match.getMatched();
            } else if (message instanceof PutResponse put) {
                found = put.getStored();
            }
            super.sendMessage(message);
        }

        @Override
        public void close(Status status, Metadata trailers) {
            span.setAttribute(SpanAttributes.KEYS, asked);
            span.setAttribute(SpanAttributes.HITS, found);
            super.close(status, trailers);
        }
    }
}
