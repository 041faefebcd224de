package dev.kvern.coordinator.front;

import java.util.function.LongSupplier;

/**
 * @param nanoTime for durations
 * @param epochMillis for what people read
 */
public record CallClock(LongSupplier nanoTime, LongSupplier epochMillis) {
    public static CallClock system() {
        return new CallClock(System::nanoTime, System::currentTimeMillis);
    }
}
