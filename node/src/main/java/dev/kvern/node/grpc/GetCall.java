package dev.kvern.node.grpc;

import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.wire.BlockPart;
import io.grpc.stub.ServerCallStreamObserver;
import java.nio.ByteBuffer;
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

    private final BlockStorage storage;
    private final StoreCounters counters;
    private final List<BlockKey> keys;
    private final int messageBytes;
    private final boolean stopAtMiss;
    private final int readAhead;
    private final SendBudget budget;
    private final ServerCallStreamObserver<BlockPart> responses;
    private final Deque<Reading> reading = new ArrayDeque<>();
    private int requested;
    private int answered;
    private boolean ended;

    /** The block being sent, and how far. */
    private @Nullable StoredBlock current;

    private int sent;

    /**
     * A block on its way from the store.
     *
     * @param taken of the budget
     */
    private record Reading(CompletableFuture<Optional<StoredBlock>> block, long taken) {}

    GetCall(
            BlockStorage storage,
            StoreCounters counters,
            List<BlockKey> keys,
            int messageBytes,
            boolean stopAtMiss,
            int readAhead,
            SendBudget budget,
            ServerCallStreamObserver<BlockPart> responses) {
        this.storage = storage;
        this.counters = counters;
        this.keys = keys;
        this.messageBytes = messageBytes;
        this.stopAtMiss = stopAtMiss;
        this.readAhead = readAhead;
        this.budget = budget;
        this.responses = responses;
    }

    void start() {
        responses.setOnReadyThreshold(UNSENT_BYTES);
        responses.setOnReadyHandler(this::advance);
        responses.setOnCancelHandler(this::cancelled);
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
        while (requested < keys.size() && reading.size() < readAhead) {
            long taken = budget.tryTake();
            if (taken == 0) {
                return;
            }
            reading.add(new Reading(storage.get(keys.get(requested++)), taken));
        }
    }

    private void begin(Reading read) {
        BlockKey key = keys.get(answered++);
        counters.asked();
        StoredBlock block = read.block().isCompletedExceptionally()
                ? null
                : read.block().join().orElse(null);
        if (block == null) {
            budget.give(read.taken());
            responses.onNext(new BlockPart.Miss(key.toByteString()));
            if (stopAtMiss) {
                end();
            }
            return;
        }
        budget.settle(read.taken(), block.payloadBytes());
        counters.found(block.payloadBytes(), block.tokens());
        responses.onNext(new BlockPart.Header(BlockHeaders.header(key, block)));
        current = block;
        sent = 0;
    }

    private void sendPart(StoredBlock block) {
        int length = Math.min(messageBytes, block.payloadBytes() - sent);
        // Not copied: nobody changes a stored block's array.
        responses.onNext(new BlockPart.Held(ByteBuffer.wrap(block.encoded(), StoredBlock.HEADER_BYTES + sent, length)));
        sent += length;
        if (sent == block.payloadBytes()) {
            current = null;
            budget.give(block.payloadBytes());
        }
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
        reading.forEach(read -> budget.give(read.taken()));
        reading.clear();
        if (current != null) {
            budget.give(current.payloadBytes());
            current = null;
        }
    }
}
