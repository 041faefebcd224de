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

/** Tells the server which request a call is made for; what the call hears is logged with it. Immutable. */
public final class RequestIdClient implements ClientInterceptor {
    @Override
    public <A, B> ClientCall<A, B> interceptCall(MethodDescriptor<A, B> method, CallOptions options, Channel next) {
        Context context = Context.current();
        String id = RequestId.of(context);
        ClientCall<A, B> call = next.newCall(method, options);
        if (id.isEmpty()) {
            return call;
        }
        return new SimpleForwardingClientCall<>(call) {
            @Override
            public void start(Listener<B> listener, Metadata headers) {
                headers.put(RequestId.HEADER, id);
                super.start(new Scoped<>(context, listener), headers);
            }
        };
    }

    private static final class Scoped<B> extends SimpleForwardingClientCallListener<B> {
        private final Context context;

        Scoped(Context context, ClientCall.Listener<B> listener) {
            super(listener);
            this.context = context;
        }

        @Override
        public void onMessage(B message) {
            RequestScope.run(context, () -> super.onMessage(message));
        }

        @Override
        public void onReady() {
            RequestScope.run(context, () -> super.onReady());
        }

        @Override
        public void onClose(Status status, Metadata trailers) {
            RequestScope.run(context, () -> super.onClose(status, trailers));
        }
    }
}
