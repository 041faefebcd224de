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
 * @param preemptions times a request gave its blocks up for an older one
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
        double prefillTokensPerSecond) {}
