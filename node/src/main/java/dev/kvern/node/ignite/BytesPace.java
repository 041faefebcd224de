package dev.kvern.node.ignite;

import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;

/**
 * So many bytes a second: what has moved is a debt that time pays off, and nothing more is to move before it is paid. A large
 * block thus makes for a long pause after it, and need not fit into anything. Guarded by this.
 */
final class BytesPace {
    private final double nanosPerByte;
    private final LongSupplier nanoTime;
    private long paidAt;

    BytesPace(long bytesPerSecond, LongSupplier nanoTime) {
        this.nanosPerByte = (double) TimeUnit.SECONDS.toNanos(1) / bytesPerSecond;
        this.nanoTime = nanoTime;
        this.paidAt = nanoTime.getAsLong();
    }

    /**
     * Adds bytes to the debt.
     *
     * @param bytes negative: so many were announced and did not move
     * @return nanoseconds until what was owed before is paid: who moves these bytes waits for so long first
     */
    synchronized long charge(long bytes) {
        long now = nanoTime.getAsLong();
        // Time in which nothing moved is not saved up.
        long owed = Math.max(0, paidAt - now);
        paidAt = now + owed + (long) (bytes * nanosPerByte);
        return owed;
    }
}
