package dev.kvern.coordinator.front;

import dev.kvern.coordinator.stats.RequestRecord;
import dev.kvern.v1.LeadingBlocks;

/** Hears of requests that ended. */
@FunctionalInterface
public interface RequestListener {
    /** On any thread; must not block. */
    void ended(RequestRecord record);

    /** After {@link #ended}, if its runner named the prompt's blocks. */
    default void named(RequestRecord record, LeadingBlocks prompt) {}
}
