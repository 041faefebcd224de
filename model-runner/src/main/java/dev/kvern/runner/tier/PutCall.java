package dev.kvern.runner.tier;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks to one node, as fast as the node takes them. {@link #send} is confined to a thread; what the node answers is
 * guarded by this.
 */
final class PutCall implements ClientResponseObserver<PutRequest, PutResponse> {
    private final int messageBytes;
    private final TierCounters counters;
    private final BlockChecksum checksum = new BlockChecksum();
    private @Nullable ClientCallStreamObserver<PutRequest> stream;
    private @Nullable PutResponse response;
    private @Nullable Status status;

    /** Whether a chunk could not be copied: confined to the sender. */
    private boolean uncopied;

    PutCall(int messageBytes, TierCounters counters) {
        this.messageBytes = messageBytes;
        this.counters = counters;
    }

    PutOutcome send(TierNode node, List<? extends ChunkSource> chunks, long timeoutNanos) throws InterruptedException {
        var requests = (ClientCallStreamObserver<PutRequest>) BlockStoreServiceGrpc.newStub(node.channel())
                .withDeadlineAfter(timeoutNanos, TimeUnit.NANOSECONDS)
                .put(this);
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
        return uncopied ? new PutOutcome.Failed(MissReason.LOCAL_FAILURE) : outcome;
    }

    private boolean send(ClientCallStreamObserver<PutRequest> requests, ChunkSource chunk) throws InterruptedException {
        if (!awaitReady(requests)) {
            return false;
        }
        byte[] bytes = copy(chunk);
        requests.onNext(PutRequest.newBuilder()
                .setHeader(BlockHeader.newBuilder()
                        .setKey(chunk.key().toByteString())
                        .setSizeBytes(bytes.length)
                        .setCrc32C(checksum.of(chunk.key(), ByteBuffer.wrap(bytes)))
                        .setParentKey(chunk.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                        .setTokens(chunk.tokens()))
                .build());
        for (int from = 0; from < bytes.length; from += messageBytes) {
            if (!awaitReady(requests)) {
                return false;
            }
            int length = Math.min(messageBytes, bytes.length - from);
            requests.onNext(PutRequest.newBuilder()
                    .setData(UnsafeByteOperations.unsafeWrap(bytes, from, length))
                    .build());
        }
        counters.chunkPut(bytes.length);
        return true;
    }

    private byte[] copy(ChunkSource chunk) {
        uncopied = true;
        byte[] bytes = chunk.copyBytes();
        uncopied = false;
        return bytes;
    }

    /** Waits until the node takes more; false if the call has ended. The call's own deadline bounds the wait. */
    private synchronized boolean awaitReady(ClientCallStreamObserver<PutRequest> requests) throws InterruptedException {
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
        ClientCallStreamObserver<PutRequest> running = stream;
        if (running != null) {
            running.cancel("stopping", null);
        }
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<PutRequest> requests) {
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
