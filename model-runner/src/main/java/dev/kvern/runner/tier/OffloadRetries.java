package dev.kvern.runner.tier;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a node failed to store, until it is offered again: one that hangs holds up the blocks that it owns until the others count
 * it as lost, and by then nobody may have them any more. Bounded by who adds, who has copied it. Guarded by its owner.
 */
final class OffloadRetries {
    /** Beyond that the tier is away for longer than blocks are kept for it. */
    private static final int MOST_OFFERS = 5;

    private final long pauseNanos;

    /** In the order in which they are due. */
    private final Deque<Waiting> waiting = new ArrayDeque<>();

    private record Waiting(OffloadBatch batch, long due) {}

    /** @param pauseNanos between two offers */
    OffloadRetries(long pauseNanos) {
        this.pauseNanos = pauseNanos;
    }

    /**
     * Whether chunks that could not be stored are worth another offer.
     *
     * @param offers how often they have been offered by now
     */
    static boolean worth(MissReason reason, int offers) {
        return offers < MOST_OFFERS
                && switch (reason) {
                    case TIMEOUT, NODE_FAILED, OWNER_SILENT -> true;
                    // A node failed before, and is being left alone now.
                    case NO_NODES -> offers > 1;
                    default -> false;
                };
    }

    void add(OffloadBatch batch, long now) {
        waiting.add(new Waiting(batch, now + pauseNanos));
    }

    /** The next one whose time has come; it is removed. */
    Optional<OffloadBatch> due(long now) {
        Waiting first = waiting.peek();
        if (first == null || first.due - now > 0) {
            return Optional.empty();
        }
        waiting.remove();
        return Optional.of(first.batch);
    }

    /** Until the next one's time comes; empty if none waits. */
    OptionalLong nanosUntilDue(long now) {
        Waiting first = waiting.peek();
        return first == null ? OptionalLong.empty() : OptionalLong.of(Math.max(0, first.due - now));
    }

    /** Any one, whether its time has come or not; it is removed. */
    Optional<OffloadBatch> poll() {
        return Optional.ofNullable(waiting.poll()).map(Waiting::batch);
    }
}
