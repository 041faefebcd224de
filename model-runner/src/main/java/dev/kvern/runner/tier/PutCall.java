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
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks to one node, as fast as the node takes them. Sending is confined to a thread; what the node answers is guarded by
 * this.
 */
final class PutCall implements ClientResponseObserver<BlockPart, PutResponse> {
    /** Handed to the transport and not yet sent: enough that it does not run dry while the next part is made. */
    private static final int UNSENT_BYTES = 1 << 20;

    /** Of the call's time: for so long the node may take nothing and say nothing. Longer than it waits for room itself. */
    private static final int STALL_PART = 2;

    private final TierAccess tier;
    private final TierNode node;
    private final int messageBytes;
    private final long stallNanos;
    private final BlockChecksum checksum = new BlockChecksum();
    private final ClientCallStreamObserver<BlockPart> requests;

    /** Confined to the sender, as the next. */
    private final List<ByteBuffer> copies = new ArrayList<>();

    /** Whether a chunk could not be copied. */
    private boolean uncopied;

    /** Whether the node has taken nothing and said nothing for longer than is waited for. */
    private boolean stalled;

    private @Nullable PutResponse response;
    private @Nullable Status status;

    /** Opens the stream; its time runs from now on. */
    PutCall(TierAccess tier, TierNode node) {
        this.tier = tier;
        this.node = node;
        this.messageBytes = tier.options().messageBytes();
        this.stallNanos = TimeUnit.MILLISECONDS.toNanos(tier.options().putTimeoutMillis()) / STALL_PART;
        var options = TierNode.CALLS
                .withDeadlineAfter(tier.options().putTimeoutMillis(), TimeUnit.MILLISECONDS)
                .withOnReadyThreshold(UNSENT_BYTES);
        this.requests = (ClientCallStreamObserver<BlockPart>)
                ClientCalls.asyncClientStreamingCall(node.channel().newCall(BlockStoreMethods.PUT, options), this);
    }

    TierNode node() {
        return node;
    }

    /** Sends one chunk, waiting for the node to take what came before; false if that cannot be, and is not to be tried again. */
    boolean send(ChunkSource chunk) throws InterruptedException {
        try {
            return trySend(chunk);
        } catch (RuntimeException e) {
            // Also what the stub throws when the call ended between the check and the message.
            requests.cancel("sending failed", e);
            return false;
        }
    }

    private boolean trySend(ChunkSource chunk) throws InterruptedException {
        if (!awaitReady()) {
            return false;
        }
        ByteBuffer bytes = payload(chunk);
        int size = bytes.remaining();
        BlockLabels labels = chunk.labels();
        requests.onNext(new BlockPart.Header(
                BlockHeader.newBuilder()
                        .setKey(chunk.key().toByteString())
                        .setSizeBytes(size)
                        .setCrc32C(checksum.of(chunk.key(), bytes.duplicate()))
                        .setParentKey(chunk.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                        .setTokens(chunk.tokens())
                        .setModel(labels.model().map(ModelDigest::toByteString).orElse(ByteString.EMPTY))
                        .setTenant(labels.tenant().map(TenantId::toByteString).orElse(ByteString.EMPTY))
                        .build(),
                tier.mapVersion()));
        for (int from = 0; from < size; from += messageBytes) {
            if (!awaitReady()) {
                return false;
            }
            requests.onNext(new BlockPart.Held(bytes.slice(from, Math.min(messageBytes, size - from))));
        }
        tier.counters().chunkPut(size);
        return true;
    }

    private ByteBuffer payload(ChunkSource chunk) {
        uncopied = true;
        ByteBuffer bytes = chunk.held().orElseGet(() -> {
            ByteBuffer copy = tier.sent().take(chunk.bytes());
            copies.add(copy);
            chunk.copyTo(copy);
            return copy.flip();
        });
        uncopied = false;
        return bytes;
    }

    /** Says that this was all, and waits for the answer. */
    PutOutcome finish() throws InterruptedException {
        halfClose();
        PutOutcome outcome = awaitOutcome();
        // Not before: the transport may still look at what it has not sent.
        copies.forEach(tier.sent()::give);
        return uncopied ? new PutOutcome.Failed(MissReason.LOCAL_FAILURE) : outcome;
    }

    private void halfClose() {
        try {
            if (!ended()) {
                requests.onCompleted();
            }
        } catch (RuntimeException e) {
            requests.cancel("ending failed", e);
        }
    }

    /** Waits until the node takes more; false if the call has ended. */
    private boolean awaitReady() throws InterruptedException {
        return await(requests::isReady);
    }

    /** Waits for the answer. */
    private PutOutcome awaitOutcome() throws InterruptedException {
        await(() -> false);
        return outcome();
    }

    /**
     * Waits until the node is so far; ends the call of one that hangs, while there is time to ask another. False if the call has
     * ended.
     */
    private boolean await(BooleanSupplier condition) throws InterruptedException {
        long until = System.nanoTime() + stallNanos;
        synchronized (this) {
            while (status == null && !condition.getAsBoolean()) {
                long left = until - System.nanoTime();
                if (left <= 0) {
                    stalled = true;
                    status = Status.DEADLINE_EXCEEDED;
                    break;
                }
                TimeUnit.NANOSECONDS.timedWait(this, left);
            }
            if (!stalled) {
                return status == null;
            }
        }
        // Not under the lock: it may tell us at once.
        requests.cancel("the node stands still", null);
        return false;
    }

    private synchronized PutOutcome outcome() {
        PutResponse stored = response;
        if (status == null) {
            throw new IllegalStateException("the call has not ended");
        }
        if (status.isOk() && stored != null) {
            return new PutOutcome.Stored(stored.getStored(), stored.getAlreadyStored());
        }
        return new PutOutcome.Failed(
                status.getCode() == Status.Code.INVALID_ARGUMENT ? MissReason.MALFORMED : MissReason.of(status));
    }

    /** Whether the node has ended the call, with an answer or without. */
    synchronized boolean ended() {
        return status != null;
    }

    /** Ends a call whose sender was interrupted. */
    void cancel() {
        requests.cancel("stopping", null);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BlockPart> stream) {
        stream.setOnReadyHandler(this::wake);
    }

    @Override
    public void onNext(PutResponse value) {
        if (value.hasMap()) {
            tier.owners().learn(value.getMap());
        }
        synchronized (this) {
            response = value;
        }
    }

    @Override
    public void onError(Throwable failure) {
        end(Status.fromThrowable(failure));
    }

    @Override
    public void onCompleted() {
        end(Status.OK);
    }

    private synchronized void end(Status with) {
        if (status == null) {
            status = with;
            notifyAll();
        }
    }

    private synchronized void wake() {
        notifyAll();
    }
}
