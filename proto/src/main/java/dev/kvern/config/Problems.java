package dev.kvern.config;

import dev.kvern.rpc.HostPort;
import java.util.ArrayList;
import java.util.List;

/** Collects the mistakes of a configuration so that all can be reported together. Confined to a thread. */
public final class Problems {
    private final List<String> found = new ArrayList<>();

    /** Notes {@code key: value (expected: …)} unless the condition holds. */
    public void check(boolean holds, String key, Object value, String expected) {
        if (!holds) {
            found.add(key + ": " + value + " (expected: " + expected + ")");
        }
    }

    /** Notes a number outside {@code min} to {@code max}. */
    public void range(String key, long value, long min, long max) {
        check(value >= min && value <= max, key, value, min + " to " + max);
    }

    /** Notes anything that is not {@code host:port}. */
    public void address(String key, String value) {
        check(HostPort.isValid(value), key, "'" + value + "'", "HOST:PORT");
    }

    /** Notes anything that is not {@code host:port}, or several of these with commas between them. */
    public void addresses(String key, String value) {
        check(HostPort.areValid(value), key, "'" + value + "'", "HOST:PORT, or several with commas between them");
    }

    void add(String problem) {
        found.add(problem);
    }

    List<String> found() {
        return List.copyOf(found);
    }
}
