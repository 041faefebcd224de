package dev.kvern.coordinator.routing;

import java.util.List;

/**
 * Where a request was sent and why. Immutable.
 *
 * @param chosen the runner's id
 * @param promptTokens tokens of the prompt; 0 where nobody asked
 * @param considered runners that could have taken it
 * @param candidates the cheapest of them, at most {@link #MOST_CANDIDATES}; the chosen one is among them
 */
public record RouteDecision(Reason reason, String chosen, long promptTokens, int considered, List<Weighed> candidates) {
    /** Most candidates that are remembered of a decision. */
    public static final int MOST_CANDIDATES = 16;

    public RouteDecision {
        candidates = List.copyOf(candidates);
    }

    /** Why a runner was chosen. */
    public enum Reason {
        /** The caller named it. */
        PINNED,
        /** No other could have taken the request. */
        ONLY,
        /** The policy chose among several. */
        POLICY
    }

    static RouteDecision pinned(String runner) {
        return new RouteDecision(Reason.PINNED, runner, 0, 1, List.of());
    }
}
