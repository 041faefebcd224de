package dev.kvern.runner.engine;

/**
 * The engine's limits.
 *
 * @param blockTokens tokens in a pool block
 * @param chunkTokens tokens in a prefill step and in a tier chunk
 * @param prefillTokens most prompt tokens that a step computes; at least one chunk is
 * @param maxRunning most requests that hold blocks at a time
 * @param queue most requests that wait for a place
 * @param ageingMillis waiting time that makes up for a step of priority
 * @param stalledReaderMillis how long a reader may leave responses untaken before its request is given up
 * @param shareGenerated whether a finished request's own tokens are computed again as a prompt's would be, when there is
 *     nothing else to do, so that a chat's next turn finds them
 */
public record EngineOptions(
        int blockTokens,
        int chunkTokens,
        int prefillTokens,
        int maxRunning,
        int queue,
        int ageingMillis,
        int stalledReaderMillis,
        boolean shareGenerated) {
    /** Pool blocks in a chunk. */
    public int chunkBlocks() {
        return chunkTokens / blockTokens;
    }

    /** Places beyond a full queue, for tenants that have hardly any in it: another's flood leaves them one. */
    int reserve() {
        return queue / 4;
    }

    /** Most requests that wait of a tenant that takes a place of the reserve, that one included. */
    int reserveShare() {
        return Math.max(1, queue / 16);
    }

    /** Chunks that a step computes at most. */
    public int stepChunks() {
        return Math.max(1, prefillTokens / chunkTokens);
    }
}
