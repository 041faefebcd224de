package dev.kvern.runner.engine;

import dev.kvern.runner.tier.ComputeActivity;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;

/** What the engine's thread and its neighbours tell each other without waiting. Safe for use by several threads. */
public final class EnginePulse implements ComputeActivity {
    private final Semaphore signals = new Semaphore(0);
    private volatile boolean prefilling;
    private volatile boolean decoding;

    /** Makes the engine look again at what it could do. */
    public void wake() {
        signals.release();
    }

    @Override
    public boolean prefilling() {
        return prefilling;
    }

    @Override
    public boolean decoding() {
        return decoding;
    }

    void computing(boolean someonePrefills, boolean someoneDecodes) {
        prefilling = someonePrefills;
        decoding = someoneDecodes;
    }

    /** Waits for {@link #wake}, forgets how often it was called. */
    void await(long millis) throws InterruptedException {
        if (signals.tryAcquire(millis, TimeUnit.MILLISECONDS)) {
            signals.drainPermits();
        }
    }
}
