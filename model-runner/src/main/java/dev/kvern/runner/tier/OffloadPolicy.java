package dev.kvern.runner.tier;

import java.util.Locale;
import java.util.Optional;

/** When chunks are sent to the cluster. */
public enum OffloadPolicy {
    /** As soon as the prompt that they belong to has its first token: others find them at once. */
    WRITE_THROUGH,
    /** When a number of requests made use of them: prompts that come once cost no network. */
    AFTER_USES,
    /** When the pool needs their place: the least traffic, and nothing is shared before. */
    ON_EVICTION;

    /** By its name in the configuration; empty if there is none such. */
    public static Optional<OffloadPolicy> named(String name) {
        for (OffloadPolicy policy : values()) {
            if (policy.name().toLowerCase(Locale.ROOT).equals(name)) {
                return Optional.of(policy);
            }
        }
        return Optional.empty();
    }
}
