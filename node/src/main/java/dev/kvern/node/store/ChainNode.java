package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.nio.ByteBuffer;
import org.jspecify.annotations.Nullable;

/**
 * A block in {@link ChainLru}: held, or only named as the parent of one that is. Fields instead of objects, as there may be
 * millions: some 105 bytes with its places in the table and the heap. Confined to the policy's lock.
 */
final class ChainNode {
    static final int NOT_IN_HEAP = -1;

    /** The key's 32 bytes, big-endian. */
    final long key0;

    final long key1;
    final long key2;
    final long key3;

    /** The next in the same place of the table. */
    @Nullable
    ChainNode next;

    /** The block before it; only while this one is held. */
    @Nullable
    ChainNode parent;

    /** When it, or a child that is gone since, was used last. */
    long lastUse;

    boolean held;
    int bytes;
    /** Held blocks whose parent it is. */
    int children;

    int leases;

    /** Ticks of the policy's clock: when it came to be held, and when it was used last. */
    int heldAt;

    int usedAt;

    /** Shared by all blocks with the same. */
    BlockLabels labels = BlockLabels.NONE;

    int heapIndex = NOT_IN_HEAP;

    ChainNode(BlockKey key) {
        var bytes = ByteBuffer.wrap(key.toByteArray());
        key0 = bytes.getLong();
        key1 = bytes.getLong();
        key2 = bytes.getLong();
        key3 = bytes.getLong();
    }

    boolean sameKey(ChainNode other) {
        return key0 == other.key0 && key1 == other.key1 && key2 == other.key2 && key3 == other.key3;
    }

    BlockKey key() {
        return BlockKey.wrap(ByteBuffer.allocate(BlockKey.BYTES)
                .putLong(key0)
                .putLong(key1)
                .putLong(key2)
                .putLong(key3)
                .array());
    }

    /** Whether it may go: nothing that is held depends on it, and nobody reads it. */
    boolean evictable() {
        return held && children == 0 && leases == 0;
    }

    /** Whether there is still something to know of it. */
    boolean needed() {
        return held || children > 0 || leases > 0;
    }
}
