package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import java.util.List;
import java.util.OptionalLong;

/** A store that is measured. Its server runs until this is closed. Confined to a thread, but for its connections. */
interface StoreContender extends AutoCloseable {
    /** What tables and rows call it. */
    String name();

    /** Opens one more connection: each has a thread of its own. Closed by the caller. */
    Connection connect();

    /** Removes values, or makes room for others in another way. */
    void delete(List<BlockKey> keys);

    /** Heap bytes that the server has allocated so far; empty if nobody can tell. */
    default OptionalLong serverAllocatedBytes() {
        return OptionalLong.empty();
    }

    @Override
    void close();

    /** Confined to a thread at a time. What goes wrong is an exception: a benchmark has no use for a miss. */
    interface Connection extends AutoCloseable {
        /** Stores a value under a key that is not there. */
        void put(BlockKey key, Payload payload);

        /**
         * Reads a value.
         *
         * @return payload bytes that have arrived
         */
        int get(BlockKey key, int valueBytes);

        @Override
        void close();
    }
}
