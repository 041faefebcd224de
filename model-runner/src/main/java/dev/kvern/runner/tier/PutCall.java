package dev.kvern.runner.tier;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.PutResponse;
import dev.kvern.wire.BlockPart;
import dev.kvern.wire.BlockStoreMethods;
import io.grpc.CallOptions;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks to one node, as fast as the node takes them. {@link #send} is confined to a thread; what the node answers is
 * guarded by this.
 */
final class PutCall implements ClientResponseObserver<BlockPart, PutResponse> {
    /** Handed to the transport and not yet sent: enough that it does not run dry while the next part is made. */
    private static final int UNSENT_BYTES = 1 << 20;

    private final int messageBytes;
    private final TierCounters counters;
    private final ChunkBuffers buffers;
    private final BlockChecksum checksum = new BlockChecksum();

    /** Confined to the sender. */
    private final List<ByteBuffer> copies = new ArrayList<>();

    private @Nullable ClientCallStreamObserver<BlockPart> stream;
    private @Nullable PutResponse response;
    private @Nullable Status status;

    /** Whether a chunk could not be copied: confined to the sender. */
    private boolean uncopied;

    /** @param buffers what chunks are copied into, on the heap: the transport takes arrays fastest */
    PutCall(int messageBytes, ChunkBuffers buffers, TierCounters counters) {
        this.messageBytes = messageBytes;
        this.buffers = buffers;
        this.counters = counters;
    }

    PutOutcome send(TierNode node, List<? extends ChunkSource> chunks, long timeoutNanos) throws InterruptedException {
        var options = CallOptions.DEFAULT
                .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS)
                .withOnReadyThreshold(UNSENT_BYTES);
        var requests = (ClientCallStreamObserver<BlockPart>)
                ClientCalls.asyncClientStreamingCall(node.channel().newCall(BlockStoreMethods.PUT, options), this);
        try {
            for (ChunkSource chunk : chunks) {
                if (!send(requests, chunk)) {
                    break;
                }
            }
            if (!ended()) {
                requests.onCompleted();
            }
        } catch (RuntimeException e) {
            // Also what the stub throws when the call ended between the check and the message.
            requests.cancel("sending failed", e);
        }
        PutOutcome outcome = awaitOutcome();
        // Not before: the transport may still look at what it has not sent.
        copies.forEach(buffers::give);
        return uncopied ? new PutOutcome.Failed(MissReason.LOCAL_FAILURE) : outcome;
    }

    private boolean send(ClientCallStreamObserver<BlockPart> requests, ChunkSource chunk) throws InterruptedException {
        if (!awaitReady(requests)) {
            return false;
        }
        ByteBuffer bytes = payload(chunk);
        int size = bytes.remaining();
        BlockLabels labels = chunk.labels();
        requests.onNext(new BlockPart.Header(BlockHeader.newBuilder()
                .setKey(chunk.key().toByteString())
                .setSizeBytes(size)
                .setCrc32C(checksum.of(chunk.key(), bytes.duplicate()))
                .setParentKey(chunk.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                .setTokens(chunk.tokens())
                .setModel(labels.model().map(ModelDigest::toByteString).orElse(ByteString.EMPTY))
                .setTenant(labels.tenant().map(TenantId::toByteString).orElse(ByteString.EMPTY))
                .build()));
        for (int from = 0; from < size; from += messageBytes) {
            if (!awaitReady(requests)) {
                return false;
            }
            requests.onNext(new BlockPart.Held(bytes.slice(from, Math.min(messageBytes, size - from))));
        }
        counters.chunkPut(size);
        return true;
    }

    private ByteBuffer payload(ChunkSource chunk) {
        uncopied = true;
        ByteBuffer bytes = chunk.held().orElseGet(() -> {
            ByteBuffer copy = buffers.take(chunk.bytes());
            copies.add(copy);
            chunk.copyTo(copy);
            return copy.flip();
        });
        uncopied = false;
        return bytes;
    }

    /** Waits until the node takes more; false if the call has ended. The call's own deadline bounds the wait. */
    private synchronized boolean awaitReady(ClientCallStreamObserver<BlockPart> requests) throws InterruptedException {
        while (status == null && !requests.isReady()) {
            wait();
        }
        return status == null;
    }

    private synchronized PutOutcome awaitOutcome() throws InterruptedException {
        while (status == null) {
            wait();
        }
        PutResponse stored = response;
        if (status.isOk() && stored != null) {
            return new PutOutcome.Stored(stored.getStored(), stored.getAlreadyStored());
        }
        return new PutOutcome.Failed(
                switch (status.getCode()) {
                    case DEADLINE_EXCEEDED -> MissReason.TIMEOUT;
                    case INVALID_ARGUMENT -> MissReason.MALFORMED;
                    default -> MissReason.NODE_FAILED;
                });
    }

    private synchronized boolean ended() {
        return status != null;
    }

    /** Ends a call whose sender was interrupted. */
    void cancel() {
        ClientCallStreamObserver<BlockPart> running = stream;
        if (running != null) {
            running.cancel("stopping", null);
        }
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BlockPart> requests) {
        stream = requests;
        requests.setOnReadyHandler(this::wake);
    }

    @Override
    public synchronized void onNext(PutResponse value) {
        response = value;
    }

    @Override
    public synchronized void onError(Throwable failure) {
        status = Status.fromThrowable(failure);
        notifyAll();
    }

    @Override
    public synchronized void onCompleted() {
        status = Status.OK;
        notifyAll();
    }

    private synchronized void wake() {
        notifyAll();
    }
}
