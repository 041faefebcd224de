package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a region's use below a high watermark: beyond it, the blocks that a policy names are removed until use is down at the
 * low one. Looks at fixed intervals, and at once after much was stored. Safe for use by several threads; one look is under way at a time.
 */
public final class WatermarkEvictor {
    private static final Logger log = LoggerFactory.getLogger(WatermarkEvictor.class);
    /** Short, as copies also arrive from other nodes, and nobody says so. */
    private static final long LOOK_MILLIS = 20;

    /** Blocks removed before the use is measured again. */
    private static final int BATCH = 64;

    /** Of the capacity: how much may be stored between two looks. */
    public static final double STEP = 0.02;

    private final EvictionPolicy policy;
    private final LongSupplier usedBytes;
    private final long capacityBytes;
    private final double highWatermark;
    private final double lowWatermark;
    private final Predicate<BlockKey> remove;
    private final StoreCounters counters;
    private final ScheduledExecutorService scheduler;
    private final AtomicBoolean looking = new AtomicBoolean();
    private final AtomicLong storedSinceLook = new AtomicLong();

    /** Use in bytes down to which someone waits for room. */
    private final AtomicLong wantedUse = new AtomicLong(Long.MAX_VALUE);

    /**
     * @param usedBytes of the region, now
     * @param highWatermark part of {@code capacityBytes} that may be used
     * @param lowWatermark part of it down to which an eviction goes
     * @param remove removes a block from the store; may block, must be bounded; whether it was there
     * @param scheduler runs the looks; not closed here
     */
    public WatermarkEvictor(
            EvictionPolicy policy,
            LongSupplier usedBytes,
            long capacityBytes,
            double highWatermark,
            double lowWatermark,
            Predicate<BlockKey> remove,
            StoreCounters counters,
            ScheduledExecutorService scheduler) {
        this.policy = policy;
        this.usedBytes = usedBytes;
        this.capacityBytes = capacityBytes;
        this.highWatermark = highWatermark;
        this.lowWatermark = lowWatermark;
        this.remove = remove;
        this.counters = counters;
        this.scheduler = scheduler;
    }

    /** Begins to look. */
    public void start() {
        scheduler.scheduleWithFixedDelay(this::look, LOOK_MILLIS, LOOK_MILLIS, TimeUnit.MILLISECONDS);
    }

    /** Notes that much was stored. */
    public void stored(long bytes) {
        if (storedSinceLook.addAndGet(bytes) > STEP * capacityBytes && !scheduler.isShutdown()) {
            storedSinceLook.set(0);
            scheduler.execute(this::look);
        }
    }

    /** Evicts at once until no more than so many bytes are used, whatever the watermarks say. Does not block. */
    public void makeRoom(long usedBytesWanted) {
        wantedUse.accumulateAndGet(usedBytesWanted, Math::min);
        if (!looking.get() && !scheduler.isShutdown()) {
            scheduler.execute(this::look);
        }
    }

    /** Evicts if there is need to. */
    void look() {
        if (!looking.compareAndSet(false, true)) {
            return;
        }
        try {
            storedSinceLook.set(0);
            long used = usedBytes.getAsLong();
            long wanted = wantedUse.getAndSet(Long.MAX_VALUE);
            if (used > highWatermark * capacityBytes || used > wanted) {
                evictTo(Math.min((long) (lowWatermark * capacityBytes), wanted));
            }
        } catch (RuntimeException e) {
            log.warn("eviction failed, page eviction stands in: {}", e.toString());
        } finally {
            looking.set(false);
        }
    }

    private void evictTo(long target) {
        long excess = usedBytes.getAsLong() - target;
        while (excess > 0) {
            for (int i = 0; i < BATCH && excess > 0; i++) {
                // One at a time: a child that is stored meanwhile must find its parent still held.
                Optional<EvictionPolicy.Victim> victim = policy.takeVictim();
                if (victim.isEmpty()) {
                    return;
                }
                evict(victim.get());
                excess -= victim.get().bytes();
            }
            excess = usedBytes.getAsLong() - target;
        }
    }

    private void evict(EvictionPolicy.Victim victim) {
        boolean done = false;
        try {
            if (remove.test(victim.key())) {
                counters.evicted(victim.heldSeconds());
            } else {
                counters.evictedGone();
            }
            done = true;
        } finally {
            if (!done) {
                // It is still there: unknown to the policy nobody would ever evict it.
                policy.held(victim.key(), victim.parent(), victim.bytes(), victim.labels());
            }
        }
    }
}
