package dev.kvern.launcher.bench.store;

import java.util.OptionalDouble;

/**
 * One operation, on all keys of a case, over all of its connections.
 *
 * @param bytes payload that was moved
 * @param elapsedNanos from the common start until the last connection was done
 * @param latencyNanos of each operation
 * @param clientAllocated heap bytes of this process for each payload byte
 * @param serverAllocated heap bytes of the server's for each payload byte; empty if nobody can tell
 */
record Measurement(
        long bytes,
        long elapsedNanos,
        long[] latencyNanos,
        OptionalDouble clientAllocated,
        OptionalDouble serverAllocated) {
    /** 10^9 bytes a second. */
    double gigabytesPerSecond() {
        return (double) bytes / elapsedNanos;
    }
}
