package dev.kvern.launcher.bench.soak;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * Notices when this process gets no processor for a while, as then the services get none either: heartbeats and keepalives fail,
 * and calls end otherwise than they should, for no fault of theirs. One thread of its own; the figures can be read by any.
 */
final class StallWatch implements AutoCloseable {
    private static final long TICK_NANOS = TimeUnit.MILLISECONDS.toNanos(50);

    /** Half of the time after which a silent connection is given up. */
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(2);

    private final Thread thread = new Thread(this::watch, "kvern-soak-stalls");
    private volatile boolean closed;

    /** Both guarded by this. */
    private int stalls;

    private long longestNanos;

    StallWatch() {
        thread.setDaemon(true);
        thread.start();
    }

    private void watch() {
        long before = System.nanoTime();
        while (!closed) {
            LockSupport.parkNanos(TICK_NANOS);
            long now = System.nanoTime();
            note(now - before);
            before = now;
        }
    }

    /** Takes the time between two looks. */
    synchronized void note(long nanos) {
        if (nanos >= STALL_NANOS) {
            stalls++;
            longestNanos = Math.max(longestNanos, nanos);
        }
    }

    /** How often that was. */
    synchronized int count() {
        return stalls;
    }

    synchronized double longestSeconds() {
        return longestNanos / 1e9;
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(thread);
    }
}
