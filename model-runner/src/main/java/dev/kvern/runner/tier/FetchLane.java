package dev.kvern.runner.tier;

import com.google.common.collect.Lists;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.GetRequest;
import dev.kvern.wire.BlockPart;
import dev.kvern.wire.BlockStoreMethods;
import io.grpc.Status;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.ClientResponseObserver;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One stream of a fetch: some of its keys, in the chain's order, from one node. A message is asked for only when there is a buffer
 * for it; until then what the node sends stays in the transport's window, and beyond that at the node. Messages are taken one at a
 * time and outside of any lock; all else is guarded by this.
 */
final class FetchLane implements ClientResponseObserver<GetRequest, BlockPart> {
    private static final Logger log = LoggerFactory.getLogger(FetchLane.class);

    private final FetchCall call;
    private final TierAccess tier;
    private final OwnerGroup group;
    private final int attempt;
    private final long nanos;
    private final List<BlockKey> keys;
    private final ChainOrder order;

    /** The file of the node's that chunks may be taken from; empty if they must be sent. */
    private final Optional<String> sharedMemory;

    /** Confined to the message being taken; between messages guarded by this. */
    private final ChunkAssembler assembler;

    private @Nullable ClientCallStreamObserver<GetRequest> stream;

    /** From then on the stream may be cancelled. */
    private boolean started;

    private boolean receiving;

    /** No message was asked for. */
    private boolean waits;

    private boolean ended;

    /** Confined to the message being taken, as the next. */
    private boolean mapCame;

    private ChainOrder.Taken taken = ChainOrder.Taken.KEPT;

    /**
     * @param keys of the whole fetch
     * @param part what the node is asked for
     * @param nanos the node's time for all of it, from {@link #start} on
     */
    FetchLane(FetchCall call, TierAccess tier, List<BlockKey> keys, ChainOrder order, ToAsk.Part part, long nanos) {
        this.call = call;
        this.tier = tier;
        this.order = order;
        this.group = part.group();
        this.attempt = part.attempt();
        this.nanos = nanos;
        this.keys = group.of(keys);
        this.sharedMemory = part.share() ? group.node().shared().file() : Optional.empty();
        this.assembler = new ChunkAssembler(
                this.keys,
                group.node().shared(),
                (index, chunk) -> taken = order.offer(group.places().get(index), chunk));
    }

    TierNode node() {
        return group.node();
    }

    int attempt() {
        return attempt;
    }

    /** The time that the node was given. */
    long nanos() {
        return nanos;
    }

    /** Places of the keys that have not come. */
    synchronized List<Integer> rest() {
        return group.places().subList(assembler.next(), group.places().size());
    }

    /** Asks the node. Nothing comes before the lane is let {@link #proceed}. */
    void start() {
        var request = GetRequest.newBuilder()
                .addAllKeys(Lists.transform(keys, BlockKey::toByteString))
                .setMaxChunkBytes(tier.options().messageBytes())
                .setStopAtMiss(true);
        tier.mapVersion().ifPresent(version -> request.setMapVersion(version.toMessage()));
        sharedMemory.ifPresent(request::setSharedMemory);
        var options = TierNode.CALLS.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
        ClientCalls.asyncServerStreamingCall(
                node().channel().newCall(BlockStoreMethods.GET, options), request.build(), this);
        boolean late;
        synchronized (this) {
            started = true;
            waits = true;
            late = ended;
        }
        if (late) {
            // Ended by another thread before there was a call to cancel: else it would run to its deadline.
            cancel();
        }
    }

    @Override
    public synchronized void beforeStart(ClientCallStreamObserver<GetRequest> requests) {
        requests.disableAutoRequestWithInitial(0);
        stream = requests;
    }

    /** Asks for the next message if the lane waits and there is room for what comes; ends if nobody wants it any more. */
    void proceed() {
        boolean wanted;
        synchronized (this) {
            if (!waits || ended || receiving || assembler.next() == keys.size()) {
                return;
            }
            wanted = assembler.isWithinAChunk() || order.wants(nextPlace());
            if (wanted && !hasRoom()) {
                return;
            }
            waits = false;
        }
        if (wanted) {
            request();
        } else {
            call.notWanted(this);
        }
    }

    /** Whether a message may come; takes the buffer for it. */
    private boolean hasRoom() {
        if (!assembler.hasBuffer()) {
            ByteBuffer buffer = order.buffer(nextPlace());
            if (buffer == null) {
                return false;
            }
            assembler.into(buffer);
        }
        return true;
    }

    private int nextPlace() {
        return group.places().get(assembler.next());
    }

    @Override
    public void onNext(BlockPart part) {
        synchronized (this) {
            if (ended) {
                return;
            }
            receiving = true;
        }
        taken = ChainOrder.Taken.KEPT;
        MissReason wrong = take(part);
        boolean answered = wrong == null && (assembler.missed() || assembler.next() == keys.size());
        boolean complete;
        synchronized (this) {
            receiving = false;
            waits = true;
            complete = answered && !ended;
            // No need to cancel then: nothing more comes.
            ended |= complete;
            if (ended) {
                release();
            }
        }
        if (answered) {
            node().breaker().succeeded();
        }
        if (taken == ChainOrder.Taken.REFUSED) {
            call.failedHere();
        } else if (wrong != null && part instanceof BlockPart.Placed) {
            notThere();
        } else if (wrong != null) {
            failed(wrong);
        } else if (complete) {
            call.complete(this, assembler.missed());
        } else if (taken == ChainOrder.Taken.DELIVERED) {
            call.advanced();
        } else {
            proceed();
        }
    }

    private @Nullable MissReason take(BlockPart part) {
        if (part instanceof BlockPart.Moved moved) {
            if (mapCame) {
                return MissReason.MALFORMED;
            }
            mapCame = true;
            tier.owners().learn(moved.map());
            return null;
        }
        try {
            return assembler.accept(part);
        } catch (RuntimeException e) {
            log.warn("a chunk that came could not be taken: {}", e.toString());
            taken = ChainOrder.Taken.REFUSED;
            return null;
        }
    }

    @Override
    public void onError(Throwable failure) {
        log.debug("{} failed: {}", node().target(), failure.toString());
        failed(MissReason.of(Status.fromThrowable(failure)));
    }

    @Override
    public void onCompleted() {
        failed(MissReason.MALFORMED);
    }

    /** Never while a message is taken. */
    private void failed(MissReason reason) {
        boolean waited;
        boolean progressed;
        synchronized (this) {
            if (ended) {
                return;
            }
            waited = waits && reason == MissReason.TIMEOUT;
            progressed = assembler.next() > 0;
            ended = true;
            release();
        }
        cancel();
        if (waited) {
            // For others of the fetch, or for the sink.
            call.timedOutWaiting(this);
        } else {
            call.failed(this, reason, progressed);
        }
    }

    /** A chunk was not where the node said: most likely another block has come to lie there, which is no fault of the node's. */
    private void notThere() {
        if (close()) {
            call.askToSend(this);
        }
    }

    /** Ends the stream; what still comes is ignored. False if it had ended before. */
    boolean close() {
        synchronized (this) {
            if (ended) {
                return false;
            }
            ended = true;
            if (!receiving) {
                release();
            }
        }
        cancel();
        return true;
    }

    private void release() {
        ByteBuffer buffer = assembler.release();
        if (buffer != null) {
            order.give(buffer);
        }
    }

    private void request() {
        ClientCallStreamObserver<GetRequest> running;
        synchronized (this) {
            running = stream;
        }
        if (running != null) {
            // Not under the lock: a transport within this process may hand the message over at once.
            running.request(1);
        }
    }

    private void cancel() {
        ClientCallStreamObserver<GetRequest> running;
        synchronized (this) {
            running = started ? stream : null;
        }
        if (running != null) {
            running.cancel("not wanted any more", null);
        }
    }
}
