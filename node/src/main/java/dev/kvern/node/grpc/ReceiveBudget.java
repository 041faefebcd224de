package dev.kvern.node.grpc;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * How many bytes of blocks being received may be held at a time. A call whose caller brings nothing more of a block that has begun can
 * be ended for its room. Safe for use by several threads.
 */
final class ReceiveBudget {
    /** A caller that has brought nothing for so long loses its room, if another needs it. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final long limit;
    private final LongSupplier nanoTime;
    private final AtomicLong taken = new AtomicLong();
    private final Set<Holder> holders = ConcurrentHashMap.newKeySet();

    /** A call that may hold a block that is not complete. */
    interface Holder {
        /** When its caller last brought something, by the budget's clock. */
        long lastReceived();

        /** Ends the call if that gives some room back. */
        void giveUp();
    }

    ReceiveBudget(long limit, LongSupplier nanoTime) {
        this.limit = limit;
        this.nanoTime = nanoTime;
    }

    void opened(Holder call) {
        holders.add(call);
    }

    void closed(Holder call) {
        holders.remove(call);
    }

    /** Ends idle calls, one after the other, until there is room for so many bytes. Not to be called with a call's lock. */
    void makeRoom(long bytes) {
        if (taken.get() + bytes <= limit) {
            return;
        }
        long now = nanoTime.getAsLong();
        for (Holder call : List.copyOf(holders)) {
            if (now - call.lastReceived() >= IDLE_NANOS) {
                call.giveUp();
                if (taken.get() + bytes <= limit) {
                    return;
                }
            }
        }
    }

    /** @throws KvernException RESOURCE_EXHAUSTED if there is not as much left */
    void take(long bytes) {
        if (taken.addAndGet(bytes) > limit) {
            taken.addAndGet(-bytes);
            throw full();
        }
    }

    KvernException full() {
        return new KvernException(
                ErrorReason.RESOURCE_EXHAUSTED,
                "blocks being received: more than " + limit
                        + " bytes at a time (expected: try again later, or at another node)");
    }

    void give(long bytes) {
        taken.addAndGet(-bytes);
    }

    long now() {
        return nanoTime.getAsLong();
    }
}
