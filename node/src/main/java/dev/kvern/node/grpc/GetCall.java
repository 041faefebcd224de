package dev.kvern.node.grpc;

import com.google.common.primitives.Longs;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.PageSlab;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.PlacedBlock;
import dev.kvern.wire.BlockPart;
import io.grpc.stub.ServerCallStreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/**
 * One Get: reads some blocks ahead and sends them in order, as fast as the caller takes them. A block that cannot be read in
 * time is a miss. Safe for use by several threads; guarded by this.
 */
final class GetCall {
    /** Handed to the transport and not yet sent: enough that it does not run dry while the next part is made. */
    private static final int UNSENT_BYTES = 1 << 20;

    private final BlockReader reader;
    private final BlockOwners owners;
    /** A call reads ahead until it holds one part in so many of what may be held for all. */
    private static final int MOST_OF_THE_BUDGET = 4;

    private final StoreCounters counters;
    private final List<BlockKey> keys;
    private final int messageBytes;
    private final boolean stopAtMiss;
    private final Optional<String> sharedMemory;
    private final int readAhead;
    private final SendBudget budget;
    private final ServerCallStreamObserver<BlockPart> responses;
    private final Deque<Reading> reading = new ArrayDeque<>();
    private int requested;
    private int answered;
    private boolean ended;

    /** The block being sent. */
    private @Nullable Sending current;

    /**
     * A block on its way from the store, or at hand.
     *
     * @param taken of the budget
     */
    private record Reading(BlockKey key, CompletableFuture<Optional<ReadableBlock>> block, long taken) {
        /** What came is not sent. */
        void discard() {
            block.thenAccept(read -> read.ifPresent(ReadableBlock::close));
        }
    }

    /** @param sharedMemory the file that the caller has mapped; empty text if it would like to know of one */
    GetCall(
            BlockReader reader,
            BlockOwners owners,
            StoreCounters counters,
            List<BlockKey> keys,
            int messageBytes,
            boolean stopAtMiss,
            Optional<String> sharedMemory,
            int readAhead,
            SendBudget budget,
            ServerCallStreamObserver<BlockPart> responses) {
        this.reader = reader;
        this.owners = owners;
        this.counters = counters;
        this.keys = keys;
        this.messageBytes = messageBytes;
        this.stopAtMiss = stopAtMiss;
        this.sharedMemory = sharedMemory;
        this.readAhead = readAhead;
        this.budget = budget;
        this.responses = responses;
    }

    void start() {
        responses.setOnReadyThreshold(UNSENT_BYTES);
        responses.setOnReadyHandler(this::advance);
        responses.setOnCancelHandler(this::cancelled);
        if (sharedMemory.isPresent() && !reader.sharedFile().equals(sharedMemory)) {
            reader.sharedFile().ifPresent(file -> responses.onNext(new BlockPart.Shared(file)));
        }
        advance();
    }

    private synchronized void cancelled() {
        release();
    }

    /** Sends what can be sent now. Called again when a block was read and when the caller takes more. */
    private synchronized void advance() {
        while (!ended && responses.isReady()) {
            if (current != null) {
                sendPart(current);
            } else if (answered == keys.size()) {
                end();
            } else {
                readAhead();
                Reading next = reading.peek();
                if (next == null) {
                    refuse();
                    return;
                }
                if (!next.block().isDone()) {
                    next.block().whenComplete((block, failure) -> advance());
                    return;
                }
                reading.remove();
                begin(next);
            }
        }
    }

    private void readAhead() {
        while (requested < keys.size() && reading.size() < readAhead && mayTakeMore()) {
            BlockKey key = keys.get(requested);
            Optional<ReadableBlock> atHand = reader.atHand(key);
            long taken = 0;
            if (atHand.isEmpty()) {
                taken = budget.tryTake();
                if (taken == 0) {
                    return;
                }
            }
            requested++;
            reading.add(new Reading(
                    key, atHand.isPresent() ? CompletableFuture.completedFuture(atHand) : reader.read(key), taken));
        }
    }

    /** A caller that takes nothing must leave room for others. */
    private boolean mayTakeMore() {
        long held = current == null ? 0 : current.taken();
        for (Reading read : reading) {
            held += read.taken();
        }
        return held == 0 || held < budget.limit() / MOST_OF_THE_BUDGET;
    }

    private void begin(Reading read) {
        answered++;
        counters.asked();
        if (owners.isForeign(read.key())) {
            counters.foreign();
        }
        ReadableBlock block = read.block().isCompletedExceptionally()
                ? null
                : read.block().join().orElse(null);
        if (block == null) {
            budget.give(read.taken());
            responses.onNext(new BlockPart.Miss(read.key().toByteString()));
            if (stopAtMiss) {
                end();
            }
            return;
        }
        int bytes = block.header().payloadBytes();
        if (read.taken() > 0) {
            budget.settle(read.taken(), bytes);
        }
        counters.found(bytes, block.header().tokens());
        BlockHeader header = BlockHeaders.header(read.key(), block.header());
        long[] places = block.places();
        if (places.length > 0 && reader.sharedFile().equals(sharedMemory)) {
            // Not kept open until the caller has copied it: it would have to say so. What it copies it compares with
            // the checksum.
            block.close();
            counters.placed();
            responses.onNext(new BlockPart.Placed(PlacedBlock.newBuilder()
                    .setHeader(header)
                    .setPageBytes(PageSlab.PAGE_BYTES)
                    .addAllOffsets(Longs.asList(places))
                    .build()));
            return;
        }
        responses.onNext(new BlockPart.Header(header));
        current = new Sending(read.key(), block, read.taken() > 0 ? bytes : 0);
    }

    private void sendPart(Sending sending) {
        // The transport copies it before this returns.
        responses.onNext(sending.next(messageBytes));
        if (sending.damaged()) {
            // The caller has found the same; it need not wait for what else it asked for here.
            reader.damaged(sending.key());
            release();
            responses.onError(new KvernException(
                    ErrorReason.UNAVAILABLE,
                    "block " + sending.key() + ": its copy here was damaged (expected: ask again, or another node)"));
            return;
        }
        if (sending.isDone()) {
            close(sending);
            current = null;
        }
    }

    private void close(Sending sending) {
        sending.close();
        budget.give(sending.taken());
    }

    private void end() {
        release();
        responses.onCompleted();
    }

    /** There is no room even for one block: others are slow to take theirs. */
    private void refuse() {
        release();
        responses.onError(new KvernException(
                ErrorReason.RESOURCE_EXHAUSTED,
                "blocks being sent: more than " + budget.limit()
                        + " bytes at a time (expected: try again later, or at another node)"));
    }

    private void release() {
        ended = true;
        for (Reading read : reading) {
            budget.give(read.taken());
            read.discard();
        }
        reading.clear();
        if (current != null) {
            close(current);
            current = null;
        }
    }
}
