package dev.kvern.coordinator.front;

import dev.kvern.coordinator.stats.RequestRecord;

/** Hears of requests that ended. */
@FunctionalInterface
public interface RequestListener {
    /** On any thread; must not block. */
    void ended(RequestRecord record);
}
