package dev.kvern.coordinator.routing;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.atomic.AtomicLong;

/** See {@link RoutePolicy#longestPrefix}. Safe for use by several threads. */
final class LongestPrefix implements RoutePolicy {
    private final long requestTokens;
    private final AtomicLong turn = new AtomicLong();

    LongestPrefix(long requestTokens) {
        this.requestTokens = requestTokens;
    }

    @Override
    public Candidate choose(long promptTokens, String routingKey, List<Candidate> candidates) {
        Comparator<Candidate> fewest = Comparator.comparingLong(candidate -> tokensBefore(promptTokens, candidate));
        if (!routingKey.isEmpty()) {
            return candidates.stream()
                    .min(fewest.thenComparing(RendezvousOrder.of(routingKey)))
                    .orElseThrow();
        }
        long start = Math.floorMod(turn.getAndIncrement(), candidates.size());
        return turned(candidates, (int) start).stream().min(fewest).orElseThrow();
    }

    @Override
    public OptionalLong cost(long promptTokens, Candidate candidate) {
        return OptionalLong.of(tokensBefore(promptTokens, candidate));
    }

    private long tokensBefore(long promptTokens, Candidate candidate) {
        return promptTokens
                - Math.min(promptTokens, candidate.cachedTokens())
                + candidate.waitingTokens()
                + requestTokens * candidate.requests();
    }

    private static List<Candidate> turned(List<Candidate> candidates, int start) {
        var turned = new ArrayList<>(candidates.subList(start, candidates.size()));
        turned.addAll(candidates.subList(0, start));
        return turned;
    }
}
