package dev.kvern.node.grpc;

import java.util.ArrayDeque;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * How many bytes of blocks may be held for callers at a time, read but not yet sent. A block's size is known only when it was
 * read: until then it counts as the largest seen so far. Who finds no room waits for it, and is served first come, first served: while
 * somebody waits nobody takes any besides. A call whose caller takes nothing can be ended for its room. Safe for use by several
 * threads; guarded by this.
 */
public final class SendBudget {
    private static final int FIRST_GUESS = 1 << 20;
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final long limit;
    private final long patienceNanos;
    private final Executor executor;
    private final LongSupplier nanoTime;
    private final Set<Holder> holders = new LinkedHashSet<>();
    private final Queue<CompletableFuture<Long>> waiting = new ArrayDeque<>();
    private long taken;
    private int largest;

    /** A call that may hold blocks. */
    interface Holder {
        /** Since when its caller could have taken something, and has not, by the budget's clock; now if it takes all there is. */
        long waitsSince();

        /** Ends the call if that gives some room back. */
        boolean giveUp();
    }

    /**
     * @param limit in bytes
     * @param executor runs what waited for room
     */
    public SendBudget(long limit, Executor executor, LongSupplier nanoTime) {
        this(limit, PATIENCE_NANOS, executor, nanoTime);
    }

    /** The same with another limit to how long a call waits for room. */
    SendBudget(long limit, long patienceNanos, Executor executor, LongSupplier nanoTime) {
        this.limit = limit;
        this.patienceNanos = patienceNanos;
        this.executor = executor;
        this.nanoTime = nanoTime;
    }

    synchronized void opened(Holder call) {
        holders.add(call);
    }

    synchronized void closed(Holder call) {
        holders.remove(call);
    }

    /** Takes room for one block to be read; the bytes to give back, or 0 if there is no room, or others wait for it. */
    synchronized long tryTake() {
        return waiting.isEmpty() ? takeIfThere() : 0;
    }

    private long takeIfThere() {
        long bytes = Math.min(limit, largest == 0 ? FIRST_GUESS : largest);
        if (taken + bytes > limit) {
            return 0;
        }
        taken += bytes;
        return bytes;
    }

    /**
     * Takes room for one block once there is some.
     *
     * @param then told the bytes to give back, or 0 after so long; on the executor: who gives room holds a call's lock, and who waited
     *     takes its own
     */
    void take(long nanos, LongConsumer then) {
        var room = new CompletableFuture<Long>();
        synchronized (this) {
            waiting.add(room);
        }
        // Before anything is given, so that nothing runs on the thread that gives.
        room.orTimeout(nanos, TimeUnit.NANOSECONDS)
                .whenCompleteAsync(
                        (bytes, late) -> {
                            if (late != null) {
                                forget(room);
                            }
                            then.accept(late == null ? bytes : 0);
                        },
                        executor);
        serve();
    }

    /** Gives what there is to those who wait. */
    private void serve() {
        while (true) {
            CompletableFuture<Long> next;
            long bytes;
            synchronized (this) {
                next = waiting.peek();
                bytes = next == null ? 0 : takeIfThere();
                if (next == null || bytes == 0) {
                    return;
                }
                waiting.remove();
            }
            if (!next.complete(bytes)) {
                // Its time was over.
                synchronized (this) {
                    taken -= bytes;
                }
            }
        }
    }

    private void forget(CompletableFuture<Long> room) {
        synchronized (this) {
            waiting.remove(room);
        }
        // Whoever waits behind it may be the first now.
        serve();
    }

    /** Notes how large a block was for which {@code guessed} was taken; from now on that is what is to be given back. */
    void settle(long guessed, int bytes) {
        synchronized (this) {
            largest = Math.max(largest, bytes);
        }
        give(guessed - bytes);
    }

    /** @param bytes to give back; less than 0 if more is held than was taken */
    void give(long bytes) {
        synchronized (this) {
            taken -= bytes;
        }
        serve();
    }

    /** Ends calls whose callers have taken nothing for so long. Whether there were any. Not to be called with a call's lock. */
    boolean takeBack(long idleNanos) {
        List<Holder> all;
        synchronized (this) {
            all = List.copyOf(holders);
        }
        long now = nanoTime.getAsLong();
        boolean ended = false;
        for (Holder call : all) {
            if (now - call.waitsSince() >= idleNanos) {
                ended |= call.giveUp();
            }
        }
        return ended;
    }

    long now() {
        return nanoTime.getAsLong();
    }

    /** Calls that may hold blocks; for tests. */
    synchronized int calls() {
        return holders.size();
    }

    long limit() {
        return limit;
    }

    /** Longest wait for room to read a block into; then a caller is told to ask elsewhere. */
    long patienceNanos() {
        return patienceNanos;
    }

    /** How many wait for room. */
    synchronized int waiting() {
        return waiting.size();
    }

    synchronized long taken() {
        return taken;
    }
}
