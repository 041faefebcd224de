package dev.kvern.node.grpc;

import com.google.protobuf.UnsafeByteOperations;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.v1.BlockMiss;
import dev.kvern.v1.GetResponse;
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
    private final BlockStorage storage;
    private final StoreCounters counters;
    private final List<BlockKey> keys;
    private final int messageBytes;
    private final boolean stopAtMiss;
    private final int readAhead;
    private final ServerCallStreamObserver<GetResponse> responses;
    private final Deque<CompletableFuture<Optional<StoredBlock>>> reading = new ArrayDeque<>();
    private int requested;
    private int answered;
    private boolean ended;

    /** The block being sent, and how far. */
    private @Nullable StoredBlock current;

    private int sent;

    GetCall(
            BlockStorage storage,
            StoreCounters counters,
            List<BlockKey> keys,
            int messageBytes,
            boolean stopAtMiss,
            int readAhead,
            ServerCallStreamObserver<GetResponse> responses) {
        this.storage = storage;
        this.counters = counters;
        this.keys = keys;
        this.messageBytes = messageBytes;
        this.stopAtMiss = stopAtMiss;
        this.readAhead = readAhead;
        this.responses = responses;
    }

    void start() {
        responses.setOnReadyHandler(this::advance);
        responses.setOnCancelHandler(this::cancelled);
        advance();
    }

    private synchronized void cancelled() {
        ended = true;
        reading.clear();
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
                CompletableFuture<Optional<StoredBlock>> next = reading.element();
                if (!next.isDone()) {
                    next.whenComplete((block, failure) -> advance());
                    return;
                }
                reading.remove();
                begin(next);
            }
        }
    }

    private void readAhead() {
        while (requested < keys.size() && reading.size() < readAhead) {
            reading.add(storage.get(keys.get(requested++)));
        }
    }

    private void begin(CompletableFuture<Optional<StoredBlock>> read) {
        BlockKey key = keys.get(answered++);
        counters.asked();
        StoredBlock block = read.isCompletedExceptionally() ? null : read.join().orElse(null);
        if (block == null) {
            responses.onNext(GetResponse.newBuilder()
                    .setMiss(BlockMiss.newBuilder().setKey(key.toByteString()))
                    .build());
            if (stopAtMiss) {
                end();
            }
            return;
        }
        counters.found(block.payloadBytes());
        responses.onNext(GetResponse.newBuilder()
                .setHeader(BlockHeaders.header(key, block))
                .build());
        current = block;
        sent = 0;
    }

    private void sendPart(StoredBlock block) {
        int length = Math.min(messageBytes, block.payloadBytes() - sent);
        // Wrapped, not copied: nobody changes a stored block's array.
        responses.onNext(GetResponse.newBuilder()
                .setData(UnsafeByteOperations.unsafeWrap(block.encoded(), StoredBlock.HEADER_BYTES + sent, length))
                .build());
        sent += length;
        if (sent == block.payloadBytes()) {
            current = null;
        }
    }

    private void end() {
        ended = true;
        reading.clear();
        responses.onCompleted();
    }
}
