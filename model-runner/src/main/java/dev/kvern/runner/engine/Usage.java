package dev.kvern.runner.engine;

import java.util.List;

/**
 * What one request took. {@code promptTokens = localTokens + hostTokens + clusterTokens + computedTokens}; what a
 * preempted request computes again is not counted again.
 *
 * @param promptTokens tokens of the prompt
 * @param generatedTokens tokens generated
 * @param localTokens prompt tokens whose KV was in the pool
 * @param hostTokens prompt tokens whose KV was copied from host memory
 * @param clusterTokens prompt tokens whose KV was fetched from the cluster
 * @param computedTokens prompt tokens computed
 * @param ttftNanos from arrival to the first token
 * @param queueNanos of that, waiting for a place
 * @param fetchNanos of that, waiting for the tier
 * @param spans where the prompt's tokens came from, in order of position; they add up to the counts
 */
public record Usage(
        int promptTokens,
        int generatedTokens,
        int localTokens,
        int hostTokens,
        int clusterTokens,
        int computedTokens,
        long ttftNanos,
        long queueNanos,
        long fetchNanos,
        List<PromptSpan> spans) {
    public Usage {
        spans = List.copyOf(spans);
    }
}
