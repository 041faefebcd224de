package dev.kvern.runner.kv;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.Optional;

/**
 * Told which cached blocks are about to be written over, while their bytes are still there. Called on the thread that takes
 * blocks, with the pool locked: it may copy the bytes, must not wait for anything, and must not call back.
 */
@FunctionalInterface
public interface EvictionListener {
    /**
     * A run of blocks ends to be whole: its last block goes, all of them still hold what they held.
     *
     * @param parent the last block of the run before; empty at a chain's start
     * @param last the run's last block
     * @param places the run's blocks in the memory, in order
     */
    void evicting(NamespaceId namespace, Optional<BlockDigest> parent, BlockDigest last, int[] places);
}
