package dev.kvern.config;

/** A configuration record that can name what is wrong with its values. */
@FunctionalInterface
public interface Validated {
    /** Adds every mistake; adds nothing if the configuration can be used. */
    void validate(Problems problems);
}
