package dev.kvern.coordinator.stats;

import dev.kvern.v1.Usage;
import java.util.OptionalDouble;
import org.jspecify.annotations.Nullable;

/**
 * A finished request as the dashboard lists it.
 *
 * @param atMillis when it arrived, since the epoch
 * @param runner the one that answered or was tried last; empty if there was none
 * @param usage all zero for a request that did not come to its end
 * @param ttftMillis from its arrival here to its first token; 0 if there was none
 * @param attempts runners it was sent to
 * @param error null for one that succeeded
 * @param detail what else is remembered
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
        @Nullable String error,
        RequestDetail detail) {
    private static final double MILLIS = 1_000;

    /** One of which no more is remembered. */
    public RequestRecord(
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
        this(
                requestId,
                atMillis,
                runner,
                model,
                usage,
                ttftMillis,
                totalMillis,
                outcome,
                attempts,
                error,
                RequestDetail.NONE);
    }

    /** Prompt tokens whose KV came from any cache. */
    public long cachedTokens() {
        return (long) usage.getCachedLocalTokens() + usage.getCachedHostTokens() + usage.getCachedClusterTokens();
    }

    /** Whether it counts among the times to first token: of one that broke off nobody knows what it reused. */
    public boolean timed() {
        return ttftMillis > 0 && (outcome == Outcome.STOP || outcome == Outcome.LENGTH);
    }

    /**
     * How much sooner its runner was done with the prompt than if it had computed all of it, in seconds: the tokens reused at
     * the speed at which it computes others, less the wait for the tier. An estimate; less than zero where fetching took longer.
     * Empty if the speed is not known.
     */
    public OptionalDouble savedSeconds() {
        return detail.prefillTokensPerSecond() <= 0 || cachedTokens() == 0
                ? OptionalDouble.empty()
                : OptionalDouble.of(cachedTokens() / detail.prefillTokensPerSecond() - usage.getFetchMillis() / MILLIS);
    }

    /** How a request ended. */
    public enum Outcome {
        /** An end token or a stop text. */
        STOP,
        /** As many tokens as were asked for, or the end of the context. */
        LENGTH,
        /** The caller went away. */
        CANCELLED,
        /** Not served for what it asks for, or because there is too much to do; the caller can do something about it. */
        REFUSED,
        /** Any other error was returned. */
        FAILED
    }
}
