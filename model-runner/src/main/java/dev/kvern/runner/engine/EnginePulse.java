package dev.kvern.runner.engine;

import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** What the engine's thread and its neighbours tell each other without waiting. Safe for use by several threads. */
public final class EnginePulse {
    private final Semaphore signals = new Semaphore(0);
    private volatile boolean prefilling;

    /** Makes the engine look again at what it could do. */
    public void wake() {
        signals.release();
    }

    /** Whether a request's prompt is being computed now. */
    public boolean prefilling() {
        return prefilling;
    }

    void prefilling(boolean now) {
        prefilling = now;
    }

    /** Waits for {@link #wake}, forgets how often it was called. */
    void await(long millis) throws InterruptedException {
        if (signals.tryAcquire(millis, TimeUnit.MILLISECONDS)) {
            signals.drainPermits();
        }
    }
}
