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
        RequestScope.run(context, () -> super.onMessage(message));
    }

    @Override
    public void onHalfClose() {
        RequestScope.run(context, super::onHalfClose);
    }

    @Override
    public void onReady() {
        RequestScope.run(context, super::onReady);
    }

    @Override
    public void onCancel() {
        RequestScope.run(context, super::onCancel);
    }

    @Override
    public void onComplete() {
        RequestScope.run(context, super::onComplete);
    }
}
