package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import java.util.ArrayDeque;
import java.util.Map;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a region's use below a watermark by removing the blocks used least recently. Looks at fixed intervals, and at once
 * after much was stored. Safe for use by several threads; one look is under way at a time.
 */
public final class WatermarkEvictor {
    private static final Logger log = LoggerFactory.getLogger(WatermarkEvictor.class);
    private static final long LOOK_MILLIS = 200;
    private static final int BATCH = 64;

    /** Of the capacity: how far below the watermark a look goes, and how much may be stored between two looks. */
    public static final double STEP = 0.02;

    private final UseOrder order;
    private final LongSupplier usedBytes;
    private final long capacityBytes;
    private final double highWatermark;
    private final Predicate<BlockKey> remove;
    private final StoreCounters counters;
    private final ScheduledExecutorService scheduler;
    private final AtomicBoolean looking = new AtomicBoolean();
    private final AtomicLong storedSinceLook = new AtomicLong();

    /**
     * @param usedBytes of the region, now
     * @param highWatermark part of {@code capacityBytes} that may be used
     * @param remove removes a block from the store; may block, must be bounded; whether it was there
     * @param scheduler runs the looks; not closed here
     */
    public WatermarkEvictor(
            UseOrder order,
            LongSupplier usedBytes,
            long capacityBytes,
            double highWatermark,
            Predicate<BlockKey> remove,
            StoreCounters counters,
            ScheduledExecutorService scheduler) {
        this.order = order;
        this.usedBytes = usedBytes;
        this.capacityBytes = capacityBytes;
        this.highWatermark = highWatermark;
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

    /** Evicts if there is need to. */
    void look() {
        if (!looking.compareAndSet(false, true)) {
            return;
        }
        try {
            storedSinceLook.set(0);
            if (usedBytes.getAsLong() > highWatermark * capacityBytes) {
                evictTo((long) ((highWatermark - STEP) * capacityBytes));
            }
        } catch (RuntimeException e) {
            log.warn("eviction failed, page eviction stands in: {}", e.toString());
        } finally {
            looking.set(false);
        }
    }

    private void evictTo(long target) {
        while (true) {
            long excess = usedBytes.getAsLong() - target;
            Map<BlockKey, Integer> oldest = excess <= 0 ? Map.of() : order.takeOldest(excess, BATCH);
            if (oldest.isEmpty()) {
                return;
            }
            removeAll(oldest);
        }
    }

    private void removeAll(Map<BlockKey, Integer> oldest) {
        var left = new ArrayDeque<>(oldest.entrySet());
        try {
            while (!left.isEmpty()) {
                if (remove.test(left.element().getKey())) {
                    counters.evicted(1);
                }
                left.remove();
            }
        } finally {
            // What could not be removed is still there: out of the order nobody would ever evict it.
            left.forEach(block -> order.held(block.getKey(), block.getValue()));
        }
    }
}
