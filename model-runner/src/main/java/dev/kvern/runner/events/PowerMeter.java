package dev.kvern.runner.events;

import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Keeps what a power source said last. Read on one thread, safe to ask on others. */
public final class PowerMeter {
    public static final long INTERVAL_MILLIS = 10_000;
    private static final Logger log = LoggerFactory.getLogger(PowerMeter.class);

    private final PowerSource source;
    private final LongSupplier nanoTime;
    private volatile double watts;

    public PowerMeter(PowerSource source, LongSupplier nanoTime) {
        this.source = source;
        this.nanoTime = nanoTime;
    }

    /** Asks the source; to be called every {@link #INTERVAL_MILLIS}. */
    public void read() {
        try {
            watts = source.watts(nanoTime.getAsLong()).orElse(0);
        } catch (RuntimeException e) {
            // The timer would not call again.
            log.debug("no power figure", e);
            watts = 0;
        }
    }

    /** What is drawn now; 0 where nothing says. */
    public double watts() {
        return watts;
    }
}
