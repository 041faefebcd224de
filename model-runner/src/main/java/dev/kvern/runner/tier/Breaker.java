package dev.kvern.runner.tier;

import java.util.function.LongSupplier;

/**
 * Leaves a node alone for a while after some failures in a row, then lets one call through to see. Safe for use by several
 * threads; guarded by this.
 */
final class Breaker {
    private final int threshold;
    private final long restNanos;
    private final LongSupplier nanoTime;
    private int failures;
    private long restUntil;

    Breaker(int threshold, long restNanos, LongSupplier nanoTime) {
        this.threshold = threshold;
        this.restNanos = restNanos;
        this.nanoTime = nanoTime;
    }

    /** Whether the node may be asked now. True makes the caller the probe if the node was being left alone. */
    synchronized boolean allow() {
        if (failures < threshold) {
            return true;
        }
        long now = nanoTime.getAsLong();
        if (now - restUntil < 0) {
            return false;
        }
        restUntil = now + restNanos;
        return true;
    }

    synchronized void succeeded() {
        failures = 0;
    }

    synchronized void failed() {
        if (++failures >= threshold) {
            restUntil = nanoTime.getAsLong() + restNanos;
        }
    }
}
