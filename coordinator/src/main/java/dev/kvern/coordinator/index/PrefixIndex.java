package dev.kvern.coordinator.index;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.v1.BlocksRemoved;
import dev.kvern.v1.BlocksStored;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;

/**
 * Which blocks each runner's pool holds. It may lag behind the pools, and forgets the rest once it is full: a wrong answer
 * costs a better route, never a token. Safe for use by several threads; writers are
 * guarded by this, since a runner's departure may meet its events, readers by nothing.
 *
 * <p>One set a runner and namespace. Pools let the ends of chains go first, so what a runner holds of a chain is a prefix of
 * it, and its length is found by bisection: with R runners and chains of n blocks a question costs R log n look-ups.
 */
public final class PrefixIndex {
    private final long maxBlocks;
    private final Map<String, Map<NamespaceId, Set<BlockDigest>>> runners = new ConcurrentHashMap<>();
    private final AtomicLong size = new AtomicLong();
    private final LongAdder dropped = new LongAdder();

    /** @param maxBlocks most blocks kept over all runners */
    public PrefixIndex(long maxBlocks) {
        this.maxBlocks = maxBlocks;
    }

    /** @throws IllegalArgumentException if a digest or the namespace has another length than 32 bytes */
    public synchronized void stored(String runner, BlocksStored event) {
        NamespaceId namespace = NamespaceId.of(event.getNamespace());
        Set<BlockDigest> held = runners.computeIfAbsent(runner, r -> new ConcurrentHashMap<>())
                .computeIfAbsent(namespace, n -> ConcurrentHashMap.newKeySet());
        for (var bytes : event.getDigestsList()) {
            BlockDigest digest = BlockDigest.of(bytes);
            if (size.get() >= maxBlocks) {
                dropped.increment();
            } else if (held.add(digest)) {
                size.incrementAndGet();
            }
        }
    }

    /** @throws IllegalArgumentException if a digest or the namespace has another length than 32 bytes */
    public synchronized void removed(String runner, BlocksRemoved event) {
        NamespaceId namespace = NamespaceId.of(event.getNamespace());
        Map<NamespaceId, Set<BlockDigest>> namespaces = runners.get(runner);
        Set<BlockDigest> held = namespaces == null ? null : namespaces.get(namespace);
        if (namespaces == null || held == null) {
            return;
        }
        for (var bytes : event.getDigestsList()) {
            if (held.remove(BlockDigest.of(bytes))) {
                size.decrementAndGet();
            }
        }
        if (held.isEmpty()) {
            namespaces.remove(namespace, Set.of());
        }
    }

    /** Forgets all that a runner held. */
    public synchronized void clear(String runner) {
        Map<NamespaceId, Set<BlockDigest>> gone = runners.remove(runner);
        if (gone != null) {
            gone.values().forEach(held -> size.addAndGet(-held.size()));
        }
    }

    /** How many leading blocks of {@code chain} the runner holds. */
    public int matched(String runner, NamespaceId namespace, List<BlockDigest> chain) {
        Set<BlockDigest> held = runners.getOrDefault(runner, Map.of()).get(namespace);
        if (held == null) {
            return 0;
        }
        int low = 0;
        int high = chain.size();
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (held.contains(chain.get(middle))) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low;
    }

    /** Blocks known now, over all runners. */
    public long size() {
        return size.get();
    }

    /** Blocks that were not taken because the index was full. */
    public long dropped() {
        return dropped.sum();
    }
}
