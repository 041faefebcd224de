package dev.kvern.runner.tier;

/**
 * Limits of offloading.
 *
 * @param queueBytes most payload that may wait; what comes beyond that is dropped
 * @param batchChunks most chunks in one call
 * @param recheckMillis for how long a chunk known to be stored is not offered again
 * @param yieldMillis how long a batch waits at most for prefills to end before it competes with them
 * @param stagingBytes most payload of evicted chunks that may wait; what comes beyond that is dropped
 * @param retryMillis after so long a chunk that a node failed to store is offered again
 * @param sharePercent how much of the time sending may take while answers are generated, 1 to 100
 */
public record OffloadOptions(
        long queueBytes,
        int batchChunks,
        int recheckMillis,
        int yieldMillis,
        long stagingBytes,
        int retryMillis,
        int sharePercent) {
    /** What the runner's defaults say for the CPU. */
    public static final OffloadOptions DEFAULTS = new OffloadOptions(128L << 20, 16, 60_000, 200, 64L << 20, 6_000, 5);
}
