package dev.kvern.runner.tier;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.LongSupplier;

/**
 * Owners of blocks that have kept a node waiting: a block is stored at all of its owners, so whichever node is offered one, it waits in
 * vain while one of these hangs. Blocks of theirs are not offered for a while, then once to see, so that those of others go on. Once
 * the one that hangs counts as lost there are other owners. Bounded; safe for use by several threads; guarded by this.
 */
final class SilentOwners {
    private static final int MOST = 1_024;

    private final long restNanos;
    private final LongSupplier nanoTime;
    private final Map<Set<String>, Breaker> silent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Set<String>, Breaker> eldest) {
            return size() > MOST;
        }
    };

    /** Whether blocks may be offered now. */
    enum Turn {
        NOW,
        /** To see; not to be waited for as usual. */
        TO_SEE,
        LATER
    }

    SilentOwners(long restNanos, LongSupplier nanoTime) {
        this.restNanos = restNanos;
        this.nanoTime = nanoTime;
    }

    /**
     * Whether blocks may be offered that have these owners. {@link Turn#TO_SEE} is said once in a while: whoever hears it has to offer
     * them.
     *
     * @param owners member ids; empty if nobody knows them
     */
    synchronized Turn turn(Set<String> owners) {
        Breaker breaker = silent.get(owners);
        if (breaker == null) {
            return Turn.NOW;
        }
        return breaker.allow() ? Turn.TO_SEE : Turn.LATER;
    }

    /** One of them was waited for in vain. */
    synchronized void kept(Set<String> owners) {
        if (!owners.isEmpty()) {
            silent.computeIfAbsent(owners, any -> new Breaker(1, restNanos, nanoTime))
                    .failed();
        }
    }

    /** A block was stored, or refused, by all of them. */
    synchronized void answered(Set<String> owners) {
        silent.remove(owners);
    }
}
