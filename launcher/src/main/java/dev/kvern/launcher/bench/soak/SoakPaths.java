package dev.kvern.launcher.bench.soak;

import dev.kvern.v1.MemberStats;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToLongFunction;

/**
 * How often the things happened that a soak is there for: one in which they do not says nothing.
 *
 * @param counts by name, in the order in which they are shown
 */
record SoakPaths(Map<String, Long> counts) {
    SoakPaths {
        counts = Collections.unmodifiableMap(new LinkedHashMap<>(counts));
    }

    static SoakPaths of(Checkpoint last) {
        var counts = new LinkedHashMap<String, Long>();
        counts.put(
                "tokens from the pool", sum(last, member -> member.getRunner().getCachedLocalTokens()));
        counts.put(
                "tokens from host memory",
                sum(last, member -> member.getRunner().getCachedHostTokens()));
        counts.put(
                "tokens from the cluster",
                sum(last, member -> member.getRunner().getCachedClusterTokens()));
        counts.put("tokens computed", sum(last, member -> member.getRunner().getComputedTokens()));
        counts.put("tokens generated", sum(last, member -> member.getRunner().getGeneratedTokens()));
        counts.put(
                "chunks stored in the cluster",
                sum(last, member -> member.getRunner().getOffloadedBlocks()));
        counts.put(
                "chunks evicted by the node",
                sum(last, member -> member.getNode().getCounters().getEvictedBlocks()));
        counts.put("preemptions", sum(last, member -> member.getRunner().getPreemptions()));
        counts.put(
                "requests refused by a full runner",
                sum(last, member -> member.getRunner().getRefusedRequests()));
        return new SoakPaths(counts);
    }

    private static long sum(Checkpoint last, ToLongFunction<MemberStats> figure) {
        return last.members().values().stream().mapToLong(figure).sum();
    }

    /** What never happened. */
    List<String> missing() {
        return counts.entrySet().stream()
                .filter(entry -> entry.getValue() == 0)
                .map(Map.Entry::getKey)
                .toList();
    }
}
