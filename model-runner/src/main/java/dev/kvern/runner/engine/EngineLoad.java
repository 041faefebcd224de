package dev.kvern.runner.engine;

/**
 * The engine's state, and running totals since it started.
 *
 * @param running requests that hold blocks
 * @param queued requests that wait for a place
 * @param queuedPrefillTokens prompt tokens that wait to be computed
 * @param requestedTokens prompt tokens of requests that got their first token: {@code local + host + cluster +
 *     computed}
 * @param generatedTokens tokens generated
 * @param finishedRequests complete ones
 * @param failedRequests ended in any other way
 * @param preemptions times a request gave its blocks up for a more urgent one
 * @param recomputedTokens tokens computed again after that
 * @param refusedRequests not accepted because the queue was full
 * @param decodeSteps steps in which requests that decode got a token
 * @param decodedTokens tokens from those steps: divided by {@code decodeSteps} the mean batch
 * @param admissions requests admitted
 * @param queueNanos time they had waited, summed
 * @param notFiniteRequests ended because keys, values or logits were not finite numbers
 * @param memoryShortages steps that found no memory on the device and were tried again, smaller or later
 * @param prefillTokensPerSecond measured lately; 0 before the first prefill
 */
public record EngineLoad(
        int running,
        int queued,
        long queuedPrefillTokens,
        long requestedTokens,
        long localTokens,
        long hostTokens,
        long clusterTokens,
        long computedTokens,
        long generatedTokens,
        long finishedRequests,
        long failedRequests,
        long preemptions,
        long recomputedTokens,
        long refusedRequests,
        long decodeSteps,
        long decodedTokens,
        long admissions,
        long queueNanos,
        long notFiniteRequests,
        long memoryShortages,
        double prefillTokensPerSecond) {}
