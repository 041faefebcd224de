package dev.kvern.runner.tier;

/**
 * Running totals of the offload path since the start.
 *
 * @param offloadedChunks stored in the tier by this runner
 * @param alreadyStoredChunks found there, by a look-up or when they were sent
 * @param droppedChunks not stored because the queue was full
 * @param failedChunks not stored because the tier could not take them
 * @param pendingBytes payload that waits or is on its way
 */
public record OffloadStats(
        long offloadedChunks, long alreadyStoredChunks, long droppedChunks, long failedChunks, long pendingBytes) {}
