package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.util.List;
import java.util.Optional;

/**
 * Says which of the blocks that a node holds goes next. It is told what is held, used and gone, and removes nothing itself:
 * {@link WatermarkEvictor} does, so that another policy, or a tier that takes what is evicted, changes no more than one side.
 * Implementations are safe for use by several threads.
 */
public interface EvictionPolicy {
    /**
     * A block that is to go, no more known to the policy: if it cannot be removed, {@link #held} puts it back.
     *
     * @param parent the block before it in its chain
     * @param bytes as stored
     * @param heldSeconds since it came
     */
    record Victim(BlockKey key, Optional<BlockKey> parent, int bytes, BlockLabels labels, double heldSeconds) {}

    /** Keeps a block from being chosen until it is closed; closing again has no effect. */
    interface Lease extends AutoCloseable {
        /** Protects nothing. */
        Lease NONE = () -> {};

        @Override
        void close();
    }

    /** Notes that a block is held, used just now. A block that is held already takes the new size. */
    void held(BlockKey key, Optional<BlockKey> parent, int bytes, BlockLabels labels);

    /** The same for a block without labels. */
    default void held(BlockKey key, Optional<BlockKey> parent, int bytes) {
        held(key, parent, bytes, BlockLabels.NONE);
    }

    /** Notes that a block is held no more. */
    void gone(BlockKey key);

    /**
     * Notes one use of several blocks; without effect for those not held.
     *
     * @param run parents before their children; they need not all be held here
     * @param agoNanos since when the use was; a block keeps a later one that is known of it
     */
    void used(List<BlockKey> run, long agoNanos);

    /** The same for a use just now. */
    default void used(List<BlockKey> run) {
        used(run, 0);
    }

    /** Notes a use of a block at this node, which others hear of later by {@link #used}, and this one again. */
    default void usedHere(BlockKey key) {
        used(List.of(key));
    }

    /** Whether a block is held, as it was told last. */
    default boolean holds(BlockKey key) {
        Lease lease = lease(key);
        lease.close();
        return lease != Lease.NONE;
    }

    /** Protects a block while it is being read; it may be leased several times at once. NONE for one that is not held. */
    Lease lease(BlockKey key);

    /** Takes out the block that is to go next; empty if none is held that is not leased. */
    Optional<Victim> takeVictim();

    /** Blocks held. */
    int size();
}
