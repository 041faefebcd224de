package dev.kvern.runner.kv;

/**
 * A pool's blocks by state, at one moment.
 *
 * @param total all blocks
 * @param cached complete and held by nobody: reusable until the room is needed
 * @param used being written or pinned
 */
public record PoolUsage(int total, int cached, int used) {
    /** Blocks that hold nothing. */
    public int free() {
        return total - cached - used;
    }
}
