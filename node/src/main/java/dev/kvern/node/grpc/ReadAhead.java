package dev.kvern.node.grpc;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.ReadableBlock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** The blocks of one Get that are being read, in its order, and what of the budget they take. Guarded by the call's lock. */
final class ReadAhead {
    /** A call reads ahead until it holds one part in so many of what may be held for all. */
    private static final int MOST_OF_THE_BUDGET = 4;

    /** However large blocks are: one is read while the one before it is sent, or a caller waits for each in turn. */
    private static final int LEAST_AHEAD = 2;

    private final BlockReader reader;
    private final List<BlockKey> keys;
    private final int depth;
    private final boolean share;
    private final SendBudget.Share budget;
    private final Deque<Reading> reading = new ArrayDeque<>();
    private int requested;
    private long taken;

    /** Taken, and for no block yet. */
    private long granted;

    /**
     * A block on its way from the store, or at hand.
     *
     * @param taken of the budget
     * @param again whether it was on its way to the caller before, and was damaged
     */
    record Reading(BlockKey key, CompletableFuture<Optional<ReadableBlock>> block, long taken, boolean again) {
        /** The block; null if it is not stored, or could not be read. To be asked for once it was read. */
        @Nullable
        ReadableBlock found() {
            return block.isCompletedExceptionally() ? null : block.join().orElse(null);
        }
    }

    /**
     * @param depth most blocks at a time
     * @param share whether the caller reads this node's shared memory
     */
    ReadAhead(BlockReader reader, List<BlockKey> keys, int depth, boolean share, SendBudget.Share budget) {
        this.reader = reader;
        this.keys = keys;
        this.depth = depth;
        this.share = share;
        this.budget = budget;
    }

    /** Begins to read what there is room for. */
    void fill() {
        while (requested < keys.size() && reading.size() < depth && mayTakeMore()) {
            BlockKey key = keys.get(requested);
            Optional<ReadableBlock> atHand = reader.atHand(key);
            long room = 0;
            if (atHand.isEmpty()) {
                room = granted > 0 ? granted : budget.tryTake();
                if (room == 0) {
                    return;
                }
                granted = 0;
            }
            requested++;
            taken += room;
            reading.add(new Reading(key, atHand.isPresent() ? done(atHand) : fromStore(key), room, false));
        }
    }

    private CompletableFuture<Optional<ReadableBlock>> fromStore(BlockKey key) {
        try {
            Optional<ReadableBlock> there = reader.inStore(key, share, reading.isEmpty());
            return there.isPresent() ? done(there) : reader.read(key, share);
        } catch (RuntimeException e) {
            // The node is stopping, say. A miss.
            return CompletableFuture.failedFuture(e);
        }
    }

    private static CompletableFuture<Optional<ReadableBlock>> done(Optional<ReadableBlock> block) {
        return CompletableFuture.completedFuture(block);
    }

    /**
     * Reads a block once more, as the next: what was being sent of it was damaged.
     *
     * @param room of the budget, as was taken for it before
     */
    void again(BlockKey key, long room) {
        taken += room;
        reading.addFirst(new Reading(key, reader.readVerified(key), room, true));
    }

    /** A caller that takes nothing must leave room for others. */
    private boolean mayTakeMore() {
        return reading.size() < LEAST_AHEAD || taken < budget.limit() / MOST_OF_THE_BUDGET;
    }

    /** The next block; null if none is being read. */
    @Nullable
    Reading peek() {
        return reading.peek();
    }

    /** The next block, which its caller sees to from now on. */
    Reading take() {
        Reading next = reading.remove();
        taken -= next.taken();
        return next;
    }

    /** Of the budget. */
    long taken() {
        return taken + granted;
    }

    /** Room that was waited for, to be used for the next block. */
    void granted(long bytes) {
        granted += bytes;
    }

    /** Gives everything back; what is still being read is not sent. */
    void discard() {
        budget.give(taken + granted);
        taken = 0;
        granted = 0;
        reading.forEach(read -> read.block().thenAccept(found -> found.ifPresent(ReadableBlock::close)));
        reading.clear();
    }
}
