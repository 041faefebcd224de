package dev.kvern.coordinator;

import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/** A clock that moves when it is told to. Safe for use by several threads. */
public final class SteppedClock implements LongSupplier {
    private final AtomicLong nanos = new AtomicLong(Long.MAX_VALUE - 1);

    public void stepMillis(long millis) {
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(millis));
    }

    @Override
    public long getAsLong() {
        return nanos.get();
    }
}
