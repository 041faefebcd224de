package dev.kvern.runner.tier;

/**
 * The host tier now, and its running totals.
 *
 * @param capacityBytes memory for chunks
 * @param usedBytes of that, holding or receiving chunks
 * @param keptChunks copied into it
 * @param readChunks copied out of it, verified
 * @param evictedChunks gone to make room for others
 * @param refusedChunks not kept, because everything was in use
 * @param corruptChunks whose bytes no longer matched their checksum
 */
public record HostStats(
        long capacityBytes,
        long usedBytes,
        long keptChunks,
        long readChunks,
        long evictedChunks,
        long refusedChunks,
        long corruptChunks) {
    /** Without a host tier. */
    public static final HostStats NONE = new HostStats(0, 0, 0, 0, 0, 0, 0);
}
