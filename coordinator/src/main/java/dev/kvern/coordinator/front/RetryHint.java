package dev.kvern.coordinator.front;

import dev.kvern.rpc.Failures;
import io.grpc.Metadata;
import io.grpc.Status;

/** What the runners that refused a call say of when to try again; the soonest counts. Guarded by the call. */
final class RetryHint {
    private long millis = Long.MAX_VALUE;

    void note(Throwable refusal) {
        Metadata trailers = Status.trailersFromThrowable(refusal);
        String hint = trailers == null ? null : trailers.get(Failures.RETRY_AFTER_MILLIS);
        if (hint != null && hint.matches("\\d{1,9}")) {
            millis = Math.min(millis, Long.parseLong(hint));
        }
    }

    /** The trailers with which the caller is told {@code status}. */
    Metadata trailers(Status status) {
        var trailers = new Metadata();
        if (millis != Long.MAX_VALUE && status.getCode() == Status.Code.RESOURCE_EXHAUSTED) {
            trailers.put(Failures.RETRY_AFTER_MILLIS, Long.toString(millis));
        }
        return trailers;
    }
}
