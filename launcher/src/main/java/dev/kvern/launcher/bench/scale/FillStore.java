package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
import java.util.List;

/** A store that is filled. Its server runs until this is closed. Confined to a thread, but for its connections. */
interface FillStore extends AutoCloseable {
    String name();

    /** Opens one more connection: each has a thread of its own. Closed by the caller. */
    Connection connect();

    /** Removes blocks. */
    void delete(List<BlockKey> keys);

    /** Processor time that its server has used, in nanoseconds; 0 if nobody can tell. */
    default long cpuNanos() {
        return 0;
    }

    /** What it takes now. */
    Footprint footprint();

    @Override
    void close();

    /**
     * What a store takes.
     *
     * @param blocks stored
     * @param evicted blocks that it has removed by itself
     * @param bytes memory for blocks in use
     * @param heapBytes of the server's heap after a collection; 0 if it has none
     */
    record Footprint(long blocks, long evicted, long bytes, long heapBytes) {}

    /** Confined to a thread at a time. What is not as expected is an exception. */
    interface Connection extends AutoCloseable {
        /** Stores blocks that are not there. */
        void put(List<Chains.Block> blocks);

        /** Reads blocks that are there. */
        void get(List<BlockKey> keys);

        /** Asks whether a chain is there, which it is. */
        void match(List<BlockKey> keys);

        @Override
        void close();
    }
}
