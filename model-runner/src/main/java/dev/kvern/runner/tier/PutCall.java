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
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Sends chunks to one node, as fast as the node takes them. Never waits. Sending is confined to a thread; what the node answers is
 * guarded by this.
 */
final class PutCall implements ClientResponseObserver<BlockPart, PutResponse> {
    /** Handed to the transport and not yet sent: enough that it does not run dry while the next part is made. */
    private static final int UNSENT_BYTES = 1 << 20;

    private final TierAccess tier;
    private final TierNode node;
    private final int messageBytes;
    private final Runnable onChange;
    private final BlockChecksum checksum = new BlockChecksum();
    private final ClientCallStreamObserver<BlockPart> requests;

    /** Confined to the sender, as the next. */
    private final List<ByteBuffer> copies = new ArrayList<>();

    /** Of the chunk being sent. */
    private ByteBuffer unsent = ByteBuffer.allocate(0);

    /** Whether a chunk could not be copied, by us or by the transport. */
    private boolean uncopied;

    private long lastMoved = System.nanoTime();

    private @Nullable PutResponse response;
    private @Nullable Status status;

    /**
     * Opens the stream; its time runs from now on.
     *
     * @param onChange told when the node takes more, and when it has ended the call; on the transport's threads
     */
    PutCall(TierAccess tier, TierNode node, Runnable onChange) {
        this.tier = tier;
        this.node = node;
        this.messageBytes = tier.options().messageBytes();
        this.onChange = onChange;
        var options = TierNode.CALLS
                .withDeadlineAfter(tier.options().putTimeoutMillis(), TimeUnit.MILLISECONDS)
                .withOnReadyThreshold(UNSENT_BYTES);
        this.requests = (ClientCallStreamObserver<BlockPart>)
                ClientCalls.asyncClientStreamingCall(node.channel().newCall(BlockStoreMethods.PUT, options), this);
    }

    TierNode node() {
        return node;
    }

    /** Whether the node takes more now. */
    boolean isReady() {
        return requests.isReady() && !ended();
    }

    /** Whether a chunk has begun and not all of it is sent. */
    boolean isWithinAChunk() {
        return unsent.hasRemaining();
    }

    /** When something was last handed to the transport, by the system's clock of nanoseconds. */
    long lastMoved() {
        return lastMoved;
    }

    /** Begins to send a chunk. If that cannot be, the call ends. */
    void begin(ChunkSource chunk) {
        attempt(() -> {
            ByteBuffer bytes = payload(chunk);
            int size = bytes.remaining();
            BlockLabels labels = chunk.labels();
            requests.onNext(new BlockPart.Header(
                    BlockHeader.newBuilder()
                            .setKey(chunk.key().toByteString())
                            .setSizeBytes(size)
                            .setCrc32C(checksum.of(chunk.key(), bytes.duplicate()))
                            .setParentKey(
                                    chunk.parent().map(BlockKey::toByteString).orElse(ByteString.EMPTY))
                            .setTokens(chunk.tokens())
                            .setModel(labels.model()
                                    .map(ModelDigest::toByteString)
                                    .orElse(ByteString.EMPTY))
                            .setTenant(
                                    labels.tenant().map(TenantId::toByteString).orElse(ByteString.EMPTY))
                            .build(),
                    tier.mapVersion()));
            unsent = bytes;
        });
    }

    /** Sends the next part of the chunk that has begun. */
    void sendPart() {
        attempt(() -> {
            int size = Math.min(messageBytes, unsent.remaining());
            requests.onNext(new BlockPart.Held(unsent.slice(unsent.position(), size)));
            unsent.position(unsent.position() + size);
            if (!unsent.hasRemaining()) {
                tier.counters().chunkPut(unsent.capacity());
            }
        });
    }

    /** Says that this was all. */
    void halfClose() {
        attempt(requests::onCompleted);
    }

    private void attempt(Runnable sending) {
        lastMoved = System.nanoTime();
        if (ended()) {
            return;
        }
        try {
            sending.run();
        } catch (RuntimeException | OutOfMemoryError e) {
            // Also what the stub throws when the call ended between the check and the message. Direct memory that is
            // used up is an error to Java, and no more than a shortage that passes here.
            uncopied |= e instanceof OutOfMemoryError;
            requests.cancel("sending failed", e);
            end(Status.CANCELLED.withCause(e));
        }
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
        return bytes.slice();
    }

    /** Ends the call of a node that takes nothing and says nothing; false if it had ended by itself. */
    boolean stall() {
        boolean ended = end(Status.DEADLINE_EXCEEDED);
        requests.cancel("the node stands still", null);
        return ended;
    }

    /**
     * How the call has ended; once.
     *
     * @param places of the chunks that were meant for it
     */
    PutOutcome settle(List<Integer> places) {
        PutOutcome outcome = outcome(places);
        // Not before: the transport may still look at what it has not sent.
        copies.forEach(tier.sent()::give);
        return uncopied ? failed(MissReason.LOCAL_FAILURE, places) : outcome;
    }

    /** None of the chunks with these places is known to be stored. */
    static PutOutcome failed(MissReason reason, List<Integer> places) {
        return new PutOutcome.Failed(reason, 0, 0, 0, Set.copyOf(places));
    }

    private synchronized PutOutcome outcome(List<Integer> places) {
        PutResponse stored = response;
        if (status == null) {
            throw new IllegalStateException("the call has not ended");
        }
        if (status.isOk() && stored != null) {
            return new PutOutcome.Stored(stored.getStored(), stored.getAlreadyStored());
        }
        return failed(
                status.getCode() == Status.Code.INVALID_ARGUMENT ? MissReason.MALFORMED : MissReason.of(status),
                places);
    }

    /** Whether the node has ended the call, with an answer or without. */
    synchronized boolean ended() {
        return status != null;
    }

    /** Ends a call whose sender goes no further. */
    void cancel() {
        requests.cancel("stopping", null);
    }

    @Override
    public void beforeStart(ClientCallStreamObserver<BlockPart> stream) {
        stream.setOnReadyHandler(onChange);
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

    private boolean end(Status with) {
        synchronized (this) {
            if (status != null) {
                return false;
            }
            status = with;
        }
        onChange.run();
        return true;
    }
}
