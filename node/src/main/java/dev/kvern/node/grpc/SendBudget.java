package dev.kvern.node.grpc;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * How many bytes of blocks may be held for callers at a time, read but not yet sent. A block's size is known only when it was
 * read: until then it counts as the largest seen so far. Safe for use by several threads.
 */
final class SendBudget {
    private static final int FIRST_GUESS = 1 << 20;

    private final long limit;
    private final AtomicLong taken = new AtomicLong();
    private final AtomicInteger largest = new AtomicInteger();

    SendBudget(long limit) {
        this.limit = limit;
    }

    /** Takes room for one block to be read; the bytes to give back, or 0 if there is no room. */
    long tryTake() {
        int seen = largest.get();
        long bytes = Math.min(limit, seen == 0 ? FIRST_GUESS : seen);
        if (taken.addAndGet(bytes) > limit) {
            taken.addAndGet(-bytes);
            return 0;
        }
        return bytes;
    }

    /** Notes how large a block was for which {@code guessed} was taken; from now on that is what is to be given back. */
    void settle(long guessed, int bytes) {
        largest.accumulateAndGet(bytes, Math::max);
        taken.addAndGet(bytes - guessed);
    }

    void give(long bytes) {
        taken.addAndGet(-bytes);
    }

    long limit() {
        return limit;
    }

    long taken() {
        return taken.get();
    }
}
