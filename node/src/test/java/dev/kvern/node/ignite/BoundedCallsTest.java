package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.List;
import java.util.concurrent.CompletionException;
import java.util.concurrent.RejectedExecutionException;
import javax.cache.CacheException;
import org.apache.ignite.internal.mem.IgniteOutOfMemoryException;
import org.apache.ignite.internal.util.future.GridFutureAdapter;
import org.apache.ignite.internal.util.future.IgniteFinishedFutureImpl;
import org.apache.ignite.internal.util.future.IgniteFutureImpl;
import org.junit.jupiter.api.Test;

class BoundedCallsTest {
    private final BoundedCalls calls = new BoundedCalls(Runnable::run, 50);

    @Test
    void anAnswerIsPassedOn() {
        assertThat(calls.start("get", () -> new IgniteFinishedFutureImpl<>("block")))
                .isCompletedWithValue("block");
    }

    /** Wherever Ignite says so: as the cause, or of one of several keys. */
    @Test
    void anOwnerWithoutRoomIsFullAndNotSick() {
        var full = new IgniteOutOfMemoryException("Out of memory in data region");
        var suppressed = new CacheException("Failed to update keys");
        suppressed.addSuppressed(full);
        for (RuntimeException failure : List.of(full, new CacheException("put", full), suppressed)) {
            assertThat(reason(failure)).isEqualTo(ErrorReason.RESOURCE_EXHAUSTED);
        }
    }

    @Test
    void otherFailuresSayThatTheNodeIsUnavailable() {
        assertThat(reason(new CacheException("cluster is not active"))).isEqualTo(ErrorReason.UNAVAILABLE);
        assertThat(reason(new IllegalStateException())).isEqualTo(ErrorReason.UNAVAILABLE);
    }

    private ErrorReason reason(RuntimeException failure) {
        ErrorReason later = ended(calls, new IgniteFinishedFutureImpl<>(failure));
        ErrorReason atOnce = ended(calls, failure);
        assertThat(later).isEqualTo(atOnce);
        return later;
    }

    private static ErrorReason ended(BoundedCalls calls, IgniteFinishedFutureImpl<Object> answer) {
        return reasonOf(catchThrowableOfType(
                CompletionException.class,
                () -> calls.start("put", () -> answer).join()));
    }

    private static ErrorReason ended(BoundedCalls calls, RuntimeException failure) {
        return reasonOf(catchThrowableOfType(
                CompletionException.class,
                () -> calls.start("put", () -> {
                            throw failure;
                        })
                        .join()));
    }

    private static ErrorReason reasonOf(CompletionException end) {
        if (end.getCause() instanceof KvernException failure) {
            return failure.reason();
        }
        throw new AssertionError("not one of ours", end);
    }

    @Test
    void whoeverDoesNotAnswerInTimeIsSilent() {
        assertThat(reasonOf(catchThrowableOfType(
                        CompletionException.class,
                        () -> calls.start("put", () -> new IgniteFutureImpl<>(new GridFutureAdapter<>()))
                                .join())))
                .isEqualTo(ErrorReason.PEER_SILENT);
    }

    @Test
    void moreThanTheExecutorTakesIsRefused() {
        var full = new BoundedCalls(
                task -> {
                    throw new RejectedExecutionException("full");
                },
                50);
        assertThat(reasonOf(catchThrowableOfType(
                        CompletionException.class,
                        () -> full.start("put", () -> new IgniteFinishedFutureImpl<>("never"))
                                .join())))
                .isEqualTo(ErrorReason.RESOURCE_EXHAUSTED);
    }
}
