package dev.kvern.node.store;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.IntToLongFunction;
import java.util.function.LongConsumer;
import java.util.function.LongSupplier;

/**
 * Holds blocks back while the region has no room for them, so that writers who outrun eviction wait for it: beyond the
 * limit the engine below would evict by itself, at random, and leave children whose parents are gone. What has been let
 * through and is not stored yet counts as used. How many wait is bounded by who calls: the blocks are in memory that is
 * budgeted already. Safe for use by several threads; guarded by this.
 */
public final class RegionGate {
    private static final long LOOK_MILLIS = 5;

    /** Of the limit: eviction is never asked to free more at a time than what is beyond it. */
    private static final double LEAST_USE = 0.5;

    /**
     * The region's room.
     *
     * @param usedBytes of the region, now
     * @param limitBytes most that may be used
     * @param footprint bytes of the region that a block of so many bytes takes
     */
    public record Region(LongSupplier usedBytes, long limitBytes, IntToLongFunction footprint) {}

    private record Waiting(long need, long deadline, CompletableFuture<WriteGate.Room> room) {}

    private final Region region;
    private final LongConsumer makeRoom;
    private final long waitMillis;
    private final StoreCounters counters;
    private final ScheduledExecutorService scheduler;
    private final LongSupplier nanoTime;
    private final Queue<Waiting> waiting = new ArrayDeque<>();
    private long reserved;

    /** Whether a look is scheduled. */
    private boolean looking;

    /**
     * @param makeRoom asks for an eviction down to so many bytes used; does not block
     * @param waitMillis longest wait for room
     * @param scheduler looks for room while blocks wait; not closed here
     */
    public RegionGate(
            Region region,
            LongConsumer makeRoom,
            long waitMillis,
            StoreCounters counters,
            ScheduledExecutorService scheduler,
            LongSupplier nanoTime) {
        this.region = region;
        this.makeRoom = makeRoom;
        this.waitMillis = waitMillis;
        this.counters = counters;
        this.scheduler = scheduler;
        this.nanoTime = nanoTime;
    }

    /**
     * Waits for room for a block.
     *
     * @param bytes as stored
     * @return ends with a {@link KvernException} RESOURCE_EXHAUSTED if there is none within the longest wait
     */
    public synchronized CompletableFuture<WriteGate.Room> admit(int bytes) {
        long need = region.footprint().applyAsLong(bytes);
        if (waiting.isEmpty() && fits(need)) {
            return CompletableFuture.completedFuture(reserve(need));
        }
        counters.heldBack();
        var held = new Waiting(
                need, nanoTime.getAsLong() + TimeUnit.MILLISECONDS.toNanos(waitMillis), new CompletableFuture<>());
        waiting.add(held);
        lookSoon();
        return held.room();
    }

    private boolean fits(long need) {
        try {
            return region.usedBytes().getAsLong() + reserved + need <= region.limitBytes();
        } catch (RuntimeException e) {
            // The engine is not there to say: the store, which is asked next, says why.
            return true;
        }
    }

    private WriteGate.Room reserve(long need) {
        reserved += need;
        return WriteGate.Room.once(() -> giveBack(need));
    }

    private synchronized void giveBack(long need) {
        reserved -= need;
    }

    private void lookSoon() {
        if (!looking && !scheduler.isShutdown()) {
            looking = true;
            scheduler.schedule(this::look, LOOK_MILLIS, TimeUnit.MILLISECONDS);
        }
    }

    /** Lets through what has room now, and refuses what has waited for too long. */
    void look() {
        var outcomes = new ArrayList<Runnable>();
        long lacking;
        synchronized (this) {
            looking = false;
            lacking = settle(outcomes);
            if (!waiting.isEmpty()) {
                lookSoon();
            }
        }
        if (lacking > 0) {
            makeRoom.accept(
                    (long) Math.max(LEAST_USE * region.limitBytes(), region.limitBytes() - reservedNow() - lacking));
        }
        // Not under the lock: what waits goes on in these.
        outcomes.forEach(Runnable::run);
    }

    /** Bytes that those which go on waiting lack here. */
    private long settle(List<Runnable> outcomes) {
        long now = nanoTime.getAsLong();
        long lacking = 0;
        for (Iterator<Waiting> all = waiting.iterator(); all.hasNext(); ) {
            Waiting next = all.next();
            // In the order in which they came, or the largest would wait for ever.
            if (lacking == 0 && fits(next.need())) {
                all.remove();
                WriteGate.Room room = reserve(next.need());
                outcomes.add(() -> next.room().complete(room));
            } else if (now - next.deadline() >= 0) {
                all.remove();
                outcomes.add(() -> next.room().completeExceptionally(refusal()));
            } else {
                lacking += next.need();
            }
        }
        return lacking;
    }

    private synchronized long reservedNow() {
        return reserved;
    }

    private KvernException refusal() {
        return new KvernException(
                ErrorReason.RESOURCE_EXHAUSTED,
                "block put: no room within " + waitMillis + " ms, with "
                        + region.usedBytes().getAsLong() + " of "
                        + region.limitBytes()
                        + " bytes used (expected: fewer writers, or later)");
    }
}
