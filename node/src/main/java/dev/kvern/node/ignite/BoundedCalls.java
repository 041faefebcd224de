package dev.kvern.node.ignite;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.apache.ignite.internal.mem.IgniteOutOfMemoryException;
import org.apache.ignite.internal.util.typedef.X;
import org.apache.ignite.lang.IgniteFuture;

/**
 * Calls to Ignite that end within a time limit, with a {@link KvernException} if Ignite has not answered. They start on an
 * executor of their own, because even Ignite's asynchronous ones may block while the topology changes. Safe for use by
 * several threads.
 */
final class BoundedCalls {
    private final Executor executor;
    private final long timeoutMillis;

    /**
     * @param executor bounded; refuses what is too much
     * @param timeoutMillis longest wait for an answer
     */
    BoundedCalls(Executor executor, long timeoutMillis) {
        this.executor = executor;
        this.timeoutMillis = timeoutMillis;
    }

    /** @param what names the call in messages */
    <T> CompletableFuture<T> start(String what, Supplier<IgniteFuture<T>> call) {
        var result = new CompletableFuture<T>();
        try {
            executor.execute(() -> {
                try {
                    call.get().listen(done -> {
                        try {
                            result.complete(done.get());
                        } catch (RuntimeException e) {
                            result.completeExceptionally(failure(what, e));
                        }
                    });
                } catch (RuntimeException e) {
                    result.completeExceptionally(failure(what, e));
                }
            });
        } catch (RejectedExecutionException e) {
            result.completeExceptionally(new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED,
                    "block " + what + ": too many at a time (expected: try again later, or at another node)",
                    e));
        }
        return result.orTimeout(timeoutMillis, TimeUnit.MILLISECONDS).exceptionallyCompose(failure -> {
            return CompletableFuture.failedFuture(
                    failure instanceof TimeoutException ? silent(what, failure) : failure);
        });
    }

    /** This node is well, and says so: its callers must not take it for the one that hangs. */
    private KvernException silent(String what, Throwable cause) {
        return new KvernException(
                ErrorReason.PEER_SILENT,
                "block " + what + ": no owner answered within " + timeoutMillis
                        + " ms (expected: to be tried again once it does, or counts as lost)",
                cause);
    }

    private static KvernException failure(String what, Throwable cause) {
        // A full node is well: its callers must not take it for a sick one.
        return X.hasCause(cause, IgniteOutOfMemoryException.class)
                ? new KvernException(
                        ErrorReason.RESOURCE_EXHAUSTED,
                        "block " + what + ": no room in an owner's region (expected: fewer writers, or later)",
                        cause)
                : new KvernException(
                        ErrorReason.UNAVAILABLE,
                        "block " + what + ": " + cause.getMessage() + " (expected: another node, or later)",
                        cause);
    }
}
