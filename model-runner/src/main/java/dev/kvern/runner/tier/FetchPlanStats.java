package dev.kvern.runner.tier;

import java.util.Map;

/**
 * What a {@link FetchPlanner} has decided so far, and how right it was.
 *
 * @param decisions by kind
 * @param estimatedNanos of fetches that ended and had an estimate: what that was, summed
 * @param actualNanos how long those took, summed
 * @param breakEvenTokens length from which on fetching from the cluster is faster than computing, at a prompt's start; 0
 *     while that is not known
 */
public record FetchPlanStats(
        Map<FetchPlan.Kind, Long> decisions, long estimatedNanos, long actualNanos, long breakEvenTokens) {
    public FetchPlanStats {
        decisions = Map.copyOf(decisions);
    }

    public long decided(FetchPlan.Kind kind) {
        return decisions.getOrDefault(kind, 0L);
    }
}
