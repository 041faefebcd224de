package dev.kvern.rpc;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import org.jspecify.annotations.Nullable;

/** The one place where an exception becomes a gRPC status. */
public final class Failures {
    /** In the trailers of a refused call: milliseconds, as a decimal number, after which trying again may help. */
    public static final Metadata.Key<String> RETRY_AFTER_MILLIS =
            Metadata.Key.of("retry-after-ms", Metadata.ASCII_STRING_MARSHALLER);

    private Failures() {}

    /** Adds what the failure says beside its status to a call's trailers. */
    static void addTrailers(@Nullable Throwable failure, Metadata trailers) {
        if (failure instanceof KvernException e && !trailers.containsKey(RETRY_AFTER_MILLIS)) {
            e.retryAfterMillis().ifPresent(millis -> trailers.put(RETRY_AFTER_MILLIS, Long.toString(millis)));
        }
    }

    /** What a future failed with, without what futures put around it. */
    public static Throwable unwrapped(Throwable failure) {
        Throwable t = failure;
        while ((t instanceof CompletionException || t instanceof ExecutionException) && t.getCause() != null) {
            t = t.getCause();
        }
        return t;
    }

    /**
     * The status for a failure: its reason's code and its message; a gRPC failure's own status; INTERNAL, with the
     * exception's class for a message, for anything else.
     */
    public static Status toStatus(Throwable failure) {
        Throwable t = unwrapped(failure);
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
