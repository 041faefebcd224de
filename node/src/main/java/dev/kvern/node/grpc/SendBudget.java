package dev.kvern.node.grpc;

import java.util.ArrayDeque;
import java.util.IdentityHashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/**
 * How many bytes of blocks may be held for callers at a time, read but not yet sent. A block's size is known only when it was
 * read: until then it counts as the largest seen so far.
 *
 * <p>One caller, with all of its calls, holds at most as much as is free (a dynamic threshold, Choudhury and Hahne, IEEE/ACM ToN 1998): alone
 * it gets half, and whoever comes next finds as much, of which it gets half. Who holds nothing may always have one block, if there is
 * room.
 *
 * <p>Who finds no room waits for it, and is served first come, first served, but for those that hold their share: while somebody waits who
 * could be served nobody takes any besides. A call whose caller takes nothing can be ended for its room. Safe for use by several
 * threads; guarded by this.
 */
public final class SendBudget {
    private static final int FIRST_GUESS = 1 << 20;
    private static final long PATIENCE_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    private final long limit;
    private final long patienceNanos;
    private final Executor executor;
    private final LongSupplier nanoTime;
    private final Map<Object, Share> shares = new IdentityHashMap<>();
    private final Map<Holder, Share> holders = new LinkedHashMap<>();
    private final Queue<Waiting> waiting = new ArrayDeque<>();
    private long taken;
    private int largest;

    /** A call that may hold blocks. */
    interface Holder {
        /** Since when its caller could have taken something, and has not, by the budget's clock; now if it takes all there is. */
        long waitsSince();

        /** Ends the call if that gives some room back. */
        boolean giveUp();
    }

    private record Waiting(Share share, CompletableFuture<Long> room) {}

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

    /** @param caller the same object for all calls of one caller */
    synchronized Share of(Object caller) {
        Share known = shares.get(caller);
        return known == null ? new Share(caller) : known;
    }

    /** What the calls of one caller hold. */
    final class Share {
        private final Object caller;
        private int calls;
        private long held;

        private Share(Object caller) {
            this.caller = caller;
        }

        void opened(Holder call) {
            synchronized (SendBudget.this) {
                holders.put(call, this);
                shares.putIfAbsent(caller, this);
                calls++;
            }
        }

        void closed(Holder call) {
            synchronized (SendBudget.this) {
                if (holders.remove(call) != null && --calls == 0) {
                    shares.remove(caller, this);
                }
            }
        }

        /** Takes room for one block to be read; the bytes to give back, or 0 if there is no room, or others wait for it. */
        long tryTake() {
            synchronized (SendBudget.this) {
                return !hasRoom()
                                || waiting.stream()
                                        .anyMatch(other -> other.share().hasRoom())
                        ? 0
                        : takeIfThere();
            }
        }

        /** With the budget's lock. */
        private boolean hasRoom() {
            long bytes = guess();
            long free = limit - taken;
            return bytes <= free && (held == 0 || held + bytes <= free);
        }

        private long takeIfThere() {
            if (!hasRoom()) {
                return 0;
            }
            long bytes = guess();
            taken += bytes;
            held += bytes;
            return bytes;
        }

        /**
         * Takes room for one block once there is some.
         *
         * @param then told the bytes to give back, or 0 after so long; on the executor: who gives room holds a call's lock, and who
         *     waited takes its own
         */
        void take(long nanos, LongConsumer then) {
            var wait = new Waiting(this, new CompletableFuture<>());
            synchronized (SendBudget.this) {
                waiting.add(wait);
            }
            // Before anything is given, so that nothing runs on the thread that gives.
            wait.room()
                    .orTimeout(nanos, TimeUnit.NANOSECONDS)
                    .whenCompleteAsync(
                            (bytes, late) -> {
                                if (late != null) {
                                    forget(wait);
                                }
                                then.accept(late == null ? bytes : 0);
                            },
                            executor);
            serve();
        }

        /** Notes how large a block was for which {@code guessed} was taken; from now on that is what is to be given back. */
        void settle(long guessed, int bytes) {
            synchronized (SendBudget.this) {
                largest = Math.max(largest, bytes);
            }
            give(guessed - bytes);
        }

        /** @param bytes to give back; less than 0 if more is held than was taken */
        void give(long bytes) {
            synchronized (SendBudget.this) {
                taken -= bytes;
                held -= bytes;
            }
            serve();
        }

        /**
         * Ends calls whose callers have taken nothing for so long, this caller's own if there are any. Whether there were any. Not to be
         * called with a call's lock.
         */
        boolean takeBack(long idleNanos) {
            Map<Holder, Share> open;
            synchronized (SendBudget.this) {
                open = Map.copyOf(holders);
            }
            long now = nanoTime.getAsLong();
            List<Holder> idle = open.keySet().stream()
                    .filter(call -> now - call.waitsSince() >= idleNanos)
                    .toList();
            return end(idle, call -> open.get(call) == this) || end(idle, call -> true);
        }

        private boolean end(List<Holder> calls, Predicate<Holder> which) {
            return calls.stream().filter(which).filter(Holder::giveUp).count() > 0;
        }

        long now() {
            return nanoTime.getAsLong();
        }

        /** Of all callers together, in bytes. */
        long limit() {
            return limit;
        }

        /** Longest wait for room to read a block into; then a caller is told to ask elsewhere. */
        long patienceNanos() {
            return patienceNanos;
        }
    }

    private long guess() {
        return Math.min(limit, largest == 0 ? FIRST_GUESS : largest);
    }

    /** Gives what there is to those who wait. */
    private void serve() {
        while (true) {
            Waiting next;
            long bytes;
            synchronized (this) {
                next = firstWithRoom();
                if (next == null) {
                    return;
                }
                bytes = next.share().takeIfThere();
            }
            if (!next.room().complete(bytes)) {
                // Its time was over.
                synchronized (this) {
                    taken -= bytes;
                    next.share().held -= bytes;
                }
            }
        }
    }

    /** The first of those who wait that may have some; it waits no more. */
    private @Nullable Waiting firstWithRoom() {
        if (guess() > limit - taken) {
            return null;
        }
        for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
            Waiting next = all.next();
            if (next.share().hasRoom()) {
                all.remove();
                return next;
            }
        }
        return null;
    }

    private void forget(Waiting wait) {
        synchronized (this) {
            waiting.remove(wait);
        }
        // Whoever waits behind it may be the first now.
        serve();
    }

    /** By which callers stand still. */
    LongSupplier clock() {
        return nanoTime;
    }

    /** Calls that may hold blocks; for tests. */
    synchronized int calls() {
        return holders.size();
    }

    /** How many wait for room. */
    synchronized int waiting() {
        return waiting.size();
    }

    synchronized long taken() {
        return taken;
    }
}
