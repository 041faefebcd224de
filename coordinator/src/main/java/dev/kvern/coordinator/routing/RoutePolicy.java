package dev.kvern.coordinator.routing;

import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** Chooses the runner for a request. Implementations are safe for use by several threads. */
@FunctionalInterface
public interface RoutePolicy {
    /**
     * @param promptTokens tokens of the prompt
     * @param routingKey requests with equal ones belong together; empty for none
     * @param candidates at least one, in a stable order
     */
    Candidate choose(long promptTokens, String routingKey, List<Candidate> candidates);

    /** What it weighs candidates by, the smallest first; empty if it weighs nothing. */
    default OptionalLong cost(long promptTokens, Candidate candidate) {
        return OptionalLong.empty();
    }

    /**
     * The runner that has the fewest tokens to compute before this request's first one: the prompt's that its pool lacks, those
     * that wait there already, and {@code requestTokens} for each request under way. So the longest prefix wins unless its
     * holder is busier by more than the prefix is worth. Equals take turns, or are told apart by the routing key.
     */
    static RoutePolicy longestPrefix(long requestTokens) {
        return new LongestPrefix(requestTokens);
    }

    /** Each in turn, whatever it holds: what a load balancer that knows nothing of prefixes does. */
    static RoutePolicy roundRobin() {
        var turn = new AtomicLong();
        return (promptTokens, routingKey, candidates) ->
                candidates.get((int) Math.floorMod(turn.getAndIncrement(), (long) candidates.size()));
    }
}
