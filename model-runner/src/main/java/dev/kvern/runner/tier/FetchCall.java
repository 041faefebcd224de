package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.GetRequest;
import dev.kvern.wire.BlockPart;
import dev.kvern.wire.BlockStoreMethods;
import io.grpc.ClientCall;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One fetch: asks one node for the rest of the chain, and where that fails the next one for what has not come yet, while
 * there is time. Safe for use by several threads; guarded by this.
 */
final class FetchCall implements Fetch {
    private static final Logger log = LoggerFactory.getLogger(FetchCall.class);
    private static final int MAX_NODES = 3;

    private final NodeSet nodes;
    private final List<BlockKey> keys;
    private final int messageBytes;
    private final ChunkSink sink;
    private final long deadline;
    private final LongSupplier nanoTime;
    private final TierCounters counters;
    private final ChunkBuffers buffers;
    private final ByteBuffer buffer;
    private final CompletableFuture<FetchOutcome> outcome = new CompletableFuture<>();
    private final List<TierNode> tried = new ArrayList<>();
    private MissReason lastFailure = MissReason.NO_NODES;
    private int received;
    private boolean done;
    private @Nullable Attempt current;

    /** @param buffer as large as a chunk; given back to {@code buffers} at the end */
    FetchCall(
            NodeSet nodes,
            List<BlockKey> keys,
            ByteBuffer buffer,
            int messageBytes,
            ChunkSink sink,
            long timeoutNanos,
            LongSupplier nanoTime,
            TierCounters counters,
            ChunkBuffers buffers) {
        this.nodes = nodes;
        this.keys = keys;
        this.messageBytes = messageBytes;
        this.sink = sink;
        this.deadline = nanoTime.getAsLong() + timeoutNanos;
        this.nanoTime = nanoTime;
        this.counters = counters;
        this.buffers = buffers;
        this.buffer = buffer;
    }

    @Override
    public CompletableFuture<FetchOutcome> outcome() {
        return outcome;
    }

    @Override
    public void cancel() {
        Attempt running;
        synchronized (this) {
            running = current;
        }
        finish(MissReason.CANCELLED);
        if (running != null) {
            running.cancel();
        }
    }

    /** Asks the next node, or ends the fetch if there is none or no time. */
    void tryNext() {
        long left = deadline - nanoTime.getAsLong();
        Optional<TierNode> node = tried.size() >= MAX_NODES ? Optional.empty() : nodes.next(tried);
        if (left <= 0 || node.isEmpty()) {
            finish(left <= 0 ? MissReason.TIMEOUT : lastFailure);
            return;
        }
        Attempt attempt;
        synchronized (this) {
            if (done) {
                return;
            }
            tried.add(node.get());
            attempt = attempt(node.get(), node.get().shared().file());
            current = attempt;
        }
        // A node that hangs must leave time to ask another.
        boolean another = tried.size() < Math.min(MAX_NODES, nodes.size());
        attempt.start(another ? left / 2 : left);
    }

    private Attempt attempt(TierNode node, Optional<String> sharedMemory) {
        return new Attempt(
                node, sharedMemory, new ChunkAssembler(keys, received, buffer, this::deliver, node.shared()));
    }

    private void deliver(int index, ByteBuffer payload) {
        sink.accept(index, payload);
        received = index + 1;
        counters.chunkFetched(payload.capacity());
    }

    private void finish(MissReason reason) {
        FetchOutcome result;
        synchronized (this) {
            if (done) {
                return;
            }
            done = true;
            current = null;
            buffers.give(buffer);
            result = received == keys.size() ? new FetchOutcome.Hit(received) : FetchOutcome.of(received, reason);
        }
        if (!(result instanceof FetchOutcome.Hit)) {
            counters.fetchEndedBy(reason);
        }
        outcome.complete(result);
    }

    /** One stream from one node. What arrives after another attempt took over is ignored. */
    private final class Attempt implements ClientResponseObserver<GetRequest, BlockPart> {
        private final TierNode node;
        private final Optional<String> sharedMemory;
        private final ChunkAssembler assembler;
        private final int first;
        private volatile @Nullable ClientCall<GetRequest, BlockPart> call;

        /** @param sharedMemory the file of the node's that chunks may be taken from; empty if they must be sent */
        Attempt(TierNode node, Optional<String> sharedMemory, ChunkAssembler assembler) {
            this.node = node;
            this.sharedMemory = sharedMemory;
            this.assembler = assembler;
            this.first = assembler.next();
        }

        void start(long nanos) {
            var started = node.channel()
                    .newCall(BlockStoreMethods.GET, TierNode.CALLS.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS));
            call = started;
            var request = GetRequest.newBuilder()
                    .addAllKeys(Lists.transform(keys.subList(first, keys.size()), BlockKey::toByteString))
                    .setMaxChunkBytes(messageBytes)
                    .setStopAtMiss(true);
            sharedMemory.ifPresent(request::setSharedMemory);
            ClientCalls.asyncServerStreamingCall(started, request.build(), this);
            boolean late;
            synchronized (FetchCall.this) {
                late = current != this;
            }
            if (late) {
                // Cancelled by another thread before there was a call to cancel: else it would run to its deadline.
                cancel();
            }
        }

        void cancel() {
            ClientCall<GetRequest, BlockPart> running = call;
            if (running != null) {
                running.cancel("not wanted any more", null);
            }
        }

        @Override
        public void beforeStart(ClientCallStreamObserver<GetRequest> stream) {}

        @Override
        public void onNext(BlockPart part) {
            MissReason wrong;
            synchronized (FetchCall.this) {
                if (current != this) {
                    return;
                }
                wrong = accept(part);
            }
            if (wrong != null && part instanceof BlockPart.Placed) {
                askAgainToSend();
                cancel();
            } else if (wrong == MissReason.LOCAL_FAILURE) {
                // The next node's copy would find no room either, and this one has done nothing wrong.
                finish(wrong);
                cancel();
            } else if (wrong != null) {
                failed(wrong);
                cancel();
            }
        }

        /** Another block has come to lie there meanwhile, most likely: no fault of the node's. */
        private void askAgainToSend() {
            Attempt next;
            synchronized (FetchCall.this) {
                if (current != this) {
                    return;
                }
                next = attempt(node, Optional.empty());
                current = next;
            }
            next.start(deadline - nanoTime.getAsLong());
        }

        private @Nullable MissReason accept(BlockPart part) {
            try {
                return assembler.accept(part);
            } catch (RuntimeException e) {
                log.warn("a chunk that came could not be taken: {}", e.toString());
                return MissReason.LOCAL_FAILURE;
            }
        }

        @Override
        public void onError(Throwable failure) {
            failed(
                    Status.fromThrowable(failure).getCode() == Status.Code.DEADLINE_EXCEEDED
                            ? MissReason.TIMEOUT
                            : MissReason.NODE_FAILED);
        }

        @Override
        public void onCompleted() {
            boolean complete;
            synchronized (FetchCall.this) {
                if (current != this) {
                    return;
                }
                complete = assembler.missed() || assembler.next() == keys.size();
            }
            if (complete) {
                node.breaker().succeeded();
                finish(MissReason.NOT_STORED);
            } else {
                failed(MissReason.MALFORMED);
            }
        }

        private void failed(MissReason reason) {
            boolean progress;
            synchronized (FetchCall.this) {
                if (current != this) {
                    return;
                }
                current = null;
                lastFailure = reason;
                progress = assembler.next() > first;
            }
            counters.nodeFailed();
            // A slow node that delivers is not a sick one.
            if (reason != MissReason.TIMEOUT || !progress) {
                node.breaker().failed();
            }
            tryNext();
        }
    }
}
