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

    /** One look in so many is a long one: a node that has to wait for room is otherwise taken for one that waits in vain. */
    private static final int LOOKS_TO_A_LONG_ONE = 4;

    private final long restNanos;
    private final LongSupplier nanoTime;
    private final Map<Set<String>, Silence> silent = new LinkedHashMap<>() {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Set<String>, Silence> eldest) {
            return size() > MOST;
        }
    };

    /** Whether blocks may be offered now. */
    enum Turn {
        NOW,
        /** To see; not to be waited for as usual. */
        TO_SEE,
        /** To see; to be waited for as usual. */
        TO_SEE_AT_LENGTH,
        LATER;

        /** Whether the owners were silent before. */
        boolean isToSee() {
            return this == TO_SEE || this == TO_SEE_AT_LENGTH;
        }
    }

    /** Of some owners, since they last answered. */
    private static final class Silence {
        private final Breaker breaker;
        private int looks;

        private Silence(Breaker breaker) {
            this.breaker = breaker;
        }
    }

    SilentOwners(long restNanos, LongSupplier nanoTime) {
        this.restNanos = restNanos;
        this.nanoTime = nanoTime;
    }

    /**
     * Whether blocks may be offered that have these owners. That it is to see is said once in a while: whoever hears it has to offer
     * them.
     *
     * @param owners member ids; empty if nobody knows them
     */
    synchronized Turn turn(Set<String> owners) {
        Silence silence = silent.get(owners);
        if (silence == null) {
            return Turn.NOW;
        }
        if (!silence.breaker.allow()) {
            return Turn.LATER;
        }
        return ++silence.looks % LOOKS_TO_A_LONG_ONE == 0 ? Turn.TO_SEE_AT_LENGTH : Turn.TO_SEE;
    }

    /** One of them was waited for in vain. */
    synchronized void kept(Set<String> owners) {
        if (!owners.isEmpty()) {
            silent.computeIfAbsent(owners, any -> new Silence(new Breaker(1, restNanos, nanoTime)))
                    .breaker
                    .failed();
        }
    }

    /** A block was stored, or refused, by all of them. */
    synchronized void answered(Set<String> owners) {
        silent.remove(owners);
    }
}
