package dev.kvern.it.deploy;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Every request of the load: when, how it ended, what it reused. Guarded by itself. */
final class Ledger {
    /**
     * A request that has ended.
     *
     * @param kind how it was asked
     * @param answer empty if it failed
     * @param retries how often it was asked again
     * @param millis from its first attempt to its end
     * @param problem what was wrong; empty: nothing
     */
    record Entry(String kind, Optional<Answer> answer, int retries, double millis, String problem) {
        private int promptTokens() {
            return answer.map(Answer::promptTokens).orElse(0);
        }

        private int cachedTokens() {
            return answer.map(Answer::cachedTokens).orElse(0);
        }

        private int clusterTokens() {
            return answer.map(Answer::clusterTokens).orElse(0);
        }
    }

    private final Timeline timeline;
    private final List<Entry> all = new ArrayList<>();
    private String phase = "before";
    private int phaseStart;

    Ledger(Timeline timeline) {
        this.timeline = timeline;
    }

    synchronized void add(Entry entry) {
        all.add(entry);
        if (!entry.problem().isEmpty() || entry.retries() > 0) {
            timeline.say(entry.kind() + " request: " + entry.retries() + " retries " + entry.problem());
        }
    }

    /** What follows belongs to another phase; tells what the last one was like. */
    synchronized void begin(String next) {
        List<Entry> entries = all.subList(phaseStart, all.size());
        if (!entries.isEmpty()) {
            timeline.say(phase + ": " + summary(entries));
        }
        phase = next;
        phaseStart = all.size();
    }

    /** Prompt tokens of this phase whose keys and values are known to have come from cache nodes. */
    synchronized long clusterTokens() {
        return clusterTokens(all.subList(phaseStart, all.size()));
    }

    private static long clusterTokens(List<Entry> entries) {
        return entries.stream().mapToLong(Entry::clusterTokens).sum();
    }

    private static String summary(List<Entry> entries) {
        List<Double> times = entries.stream().map(Entry::millis).sorted().toList();
        String kinds = entries.stream()
                .collect(Collectors.groupingBy(Entry::kind, TreeMap::new, Collectors.counting()))
                .toString();
        return String.format(
                "%d requests %s, %d with a problem, %d retries; %.0f ms median, %.0f ms at most; %.1f %% of prompt tokens reused, at least %d from nodes",
                entries.size(),
                kinds,
                entries.stream().filter(entry -> !entry.problem().isEmpty()).count(),
                entries.stream().mapToInt(Entry::retries).sum(),
                times.get(times.size() / 2),
                times.get(times.size() - 1),
                100 * hitRate(entries),
                clusterTokens(entries));
    }

    synchronized int size() {
        return all.size();
    }

    synchronized int retries() {
        return all.stream().mapToInt(Entry::retries).sum();
    }

    /** What was wrong, of all requests. */
    synchronized List<String> problems() {
        return all.stream()
                .map(Entry::problem)
                .filter(problem -> !problem.isEmpty())
                .toList();
    }

    /** Part of the prompt tokens that came from a cache, 0 to 1, over the last so many requests. */
    synchronized double hitRate(int last) {
        return hitRate(all.subList(Math.max(0, all.size() - last), all.size()));
    }

    private static double hitRate(List<Entry> entries) {
        double prompt = entries.stream().mapToInt(Entry::promptTokens).sum();
        return prompt == 0 ? 0 : entries.stream().mapToInt(Entry::cachedTokens).sum() / prompt;
    }
}
