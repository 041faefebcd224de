package dev.kvern.runner.tier;

import java.util.Locale;
import java.util.Optional;

/** Whether chunks that could be fetched are. */
public enum FetchPolicy {
    /** Always: computing is dearer than its time, or is to be left to others. */
    ALWAYS,
    /** When that is faster than computing. */
    MEASURED,
    /** As measured, and where it saves much time the head is computed while the tail is fetched. */
    OVERLAP;

    /** By its name in the configuration; empty if there is none such. */
    public static Optional<FetchPolicy> named(String name) {
        for (FetchPolicy policy : values()) {
            if (policy.name().toLowerCase(Locale.ROOT).equals(name)) {
                return Optional.of(policy);
            }
        }
        return Optional.empty();
    }
}
