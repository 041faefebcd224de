package dev.kvern.rpc;

import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;

/** The one place where an exception becomes a gRPC status. */
public final class Failures {
    private Failures() {}

    /**
     * The status for a failure: its reason's code and its message; a gRPC failure's own status; INTERNAL, with the
     * exception's class for a message, for anything else.
     */
    public static Status toStatus(Throwable failure) {
        Throwable t = failure;
        while ((t instanceof CompletionException || t instanceof ExecutionException) && t.getCause() != null) {
            t = t.getCause();
        }
        if (t instanceof KvernException e) {
            return Status.fromCode(e.reason().code())
                    .withDescription(e.getMessage())
                    .withCause(e);
        }
        if (t instanceof StatusRuntimeException e) {
            return e.getStatus();
        }
        if (t instanceof StatusException e) {
            return e.getStatus();
        }
        return Status.INTERNAL
                .withDescription("internal error: " + t.getClass().getSimpleName())
                .withCause(t);
    }
}
