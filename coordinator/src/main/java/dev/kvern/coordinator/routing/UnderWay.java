package dev.kvern.coordinator.routing;

import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The calls that this coordinator has under way at each runner. What a heartbeat says is up to a second old; this is not. So
 * that a call which has ended since is not held against its runner until the next heartbeat, it also keeps how many of those
 * that the last heartbeat counted were ours. Safe for use by several threads.
 */
public final class UnderWay {
    private static final Sums NOTHING = new Sums(0, 0);

    private final Map<String, Set<Entry>> byRunner = new ConcurrentHashMap<>();
    private final Map<String, Sums> atHeartbeat = new ConcurrentHashMap<>();

    /**
     * Calls and what they wait for.
     *
     * @param requests the calls
     * @param waitingTokens prompt tokens to compute before their first tokens
     */
    record Sums(int requests, long waitingTokens) {}

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

    /** Notes that a runner's load is that of now. */
    public void heard(String runner) {
        Sums sums = now(runner);
        if (sums.equals(NOTHING)) {
            atHeartbeat.remove(runner);
        } else {
            atHeartbeat.put(runner, sums);
        }
    }

    /** Notes that a runner is no member any more. */
    public void forgotten(String runner) {
        atHeartbeat.remove(runner);
    }

    /** Our calls at a runner. */
    Sums now(String runner) {
        return new Sums(requests(runner), waitingTokens(runner));
    }

    /** Those that its last heartbeat counted. */
    Sums atHeartbeat(String runner) {
        return atHeartbeat.getOrDefault(runner, NOTHING);
    }

    /** Tells every call at a runner that it is lost. */
    public void lost(String runner) {
        Set.copyOf(byRunner.getOrDefault(runner, Set.of())).forEach(Entry::lost);
    }
}
