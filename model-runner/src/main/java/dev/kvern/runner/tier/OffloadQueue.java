package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.List;

/** Where the engine leaves complete chunks for the tier. Calls return at once. Safe for use by several threads. */
public interface OffloadQueue {
    /** Wants nothing. */
    OffloadQueue NONE = new OffloadQueue() {
        @Override
        public boolean wants(BlockKey key) {
            return false;
        }

        @Override
        public void offer(List<OffloadChunk> chain) {
            chain.forEach(OffloadChunk::release);
        }

        @Override
        public void stored(List<BlockKey> keys) {}

        @Override
        public void lost(List<BlockKey> keys) {}
    };

    /** Whether the chunk is neither on its way nor known to be stored. */
    boolean wants(BlockKey key);

    /**
     * Takes over chunks of one chain, parents first.
     *
     * @param chain those not wanted, or for which there is no room, are released
     */
    void offer(List<OffloadChunk> chain);

    /** Notes that a request made use of the chunks, whether they were computed or found somewhere. */
    default void used(List<BlockKey> keys) {}

    /** Notes keys that were just seen in the tier. */
    void stored(List<BlockKey> keys);

    /** Notes keys that the tier was found to hold no longer, or that follow such a one in their chain. */
    void lost(List<BlockKey> keys);
}
