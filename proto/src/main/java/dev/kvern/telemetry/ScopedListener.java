package dev.kvern.telemetry;

import io.grpc.Context;
import io.grpc.ForwardingServerCallListener.SimpleForwardingServerCallListener;
import io.grpc.ServerCall;

/** Hears of a call in the context of its request. */
final class ScopedListener<A> extends SimpleForwardingServerCallListener<A> {
    private final Context context;

    ScopedListener(Context context, ServerCall.Listener<A> listener) {
        super(listener);
        this.context = context;
    }

    @Override
    public void onMessage(A message) {
        try (var scope = RequestScope.enter(context)) {
            super.onMessage(message);
        }
    }

    @Override
    public void onHalfClose() {
        try (var scope = RequestScope.enter(context)) {
            super.onHalfClose();
        }
    }

    @Override
    public void onReady() {
        try (var scope = RequestScope.enter(context)) {
            super.onReady();
        }
    }

    @Override
    public void onCancel() {
        try (var scope = RequestScope.enter(context)) {
            super.onCancel();
        }
    }

    @Override
    public void onComplete() {
        try (var scope = RequestScope.enter(context)) {
            super.onComplete();
        }
    }
}
