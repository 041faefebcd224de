package dev.kvern.coordinator.stats;

import dev.kvern.v1.Usage;
import org.jspecify.annotations.Nullable;

/**
 * A finished request as the dashboard lists it.
 *
 * @param atMillis when it arrived, since the epoch
 * @param runner the one that answered or was tried last; empty if there was none
 * @param usage all zero for a request that failed
 * @param ttftMillis from its arrival here to its first token; 0 if there was none
 * @param attempts runners it was sent to
 * @param error null for one that succeeded
 */
public record RequestRecord(
        String requestId,
        long atMillis,
        String runner,
        String model,
        Usage usage,
        double ttftMillis,
        double totalMillis,
        Outcome outcome,
        int attempts,
        @Nullable String error) {
    /** Prompt tokens whose KV came from any cache. */
    public long cachedTokens() {
        return (long) usage.getCachedLocalTokens() + usage.getCachedHostTokens() + usage.getCachedClusterTokens();
    }

    /** How a request ended. */
    public enum Outcome {
        /** An end token or a stop text. */
        STOP,
        /** As many tokens as were asked for, or the end of the context. */
        LENGTH,
        /** The caller went away. */
        CANCELLED,
        /** An error was returned. */
        FAILED
    }
}
