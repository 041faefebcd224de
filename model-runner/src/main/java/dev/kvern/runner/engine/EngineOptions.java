package dev.kvern.runner.engine;

/**
 * The engine's limits.
 *
 * @param blockTokens tokens in a pool block
 * @param chunkTokens tokens in a prefill step and in a tier chunk
 * @param maxRunning most requests that hold blocks at a time
 * @param queue most requests that wait for a place
 * @param stalledReaderMillis how long a reader may leave responses untaken before its request is given up
 * @param shareGenerated whether a finished request's own tokens are computed again as a prompt's would be, when there is
 *     nothing else to do, so that a chat's next turn finds them
 */
public record EngineOptions(
        int blockTokens, int chunkTokens, int maxRunning, int queue, int stalledReaderMillis, boolean shareGenerated) {
    /** Pool blocks in a chunk. */
    public int chunkBlocks() {
        return chunkTokens / blockTokens;
    }
}
