package dev.kvern.runner.tier;

/**
 * Running totals of the offload path since the start.
 *
 * @param offloadedChunks stored in the tier by this runner
 * @param alreadyStoredChunks found there, by a look-up or when they were sent
 * @param droppedChunks not stored because the queue was full, or the runner stopped first
 * @param failedChunks not stored because no node could be asked, or one failed
 * @param rejectedChunks not stored because the nodes had no room for them
 * @param pendingBytes payload that waits or is on its way
 */
public record OffloadStats(
        long offloadedChunks,
        long alreadyStoredChunks,
        long droppedChunks,
        long failedChunks,
        long rejectedChunks,
        long pendingBytes) {}
