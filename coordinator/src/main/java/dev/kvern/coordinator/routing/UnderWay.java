package dev.kvern.coordinator.routing;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The calls that this coordinator has under way at each runner. What a heartbeat says is up to a second old; this is not.
 * Safe for use by several threads.
 */
public final class UnderWay {
    private final Map<String, Set<Entry>> byRunner = new ConcurrentHashMap<>();

    /** A call at a runner. */
    public interface Entry {
        /** Prompt tokens that the runner is likely to compute for it before its first token; 0 after that. */
        long waitingTokens();

        /** The runner is lost: it is not to be waited for. */
        void lost();
    }

    public void add(String runner, Entry entry) {
        byRunner.computeIfAbsent(runner, r -> ConcurrentHashMap.newKeySet()).add(entry);
    }

    public void remove(String runner, Entry entry) {
        byRunner.computeIfPresent(runner, (r, entries) -> {
            entries.remove(entry);
            return entries.isEmpty() ? null : entries;
        });
    }

    public int requests(String runner) {
        return byRunner.getOrDefault(runner, Set.of()).size();
    }

    public long waitingTokens(String runner) {
        return byRunner.getOrDefault(runner, Set.of()).stream()
                .mapToLong(Entry::waitingTokens)
                .sum();
    }

    /** Tells every call at a runner that it is lost. */
    public void lost(String runner) {
        Set.copyOf(byRunner.getOrDefault(runner, Set.of())).forEach(Entry::lost);
    }
}
