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
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * One Get: reads some blocks ahead and sends them in order, as fast as the caller takes them. A block that cannot be read in
 * time is a miss. Safe for use by several threads; guarded by this.
 */
final class GetCall implements SendBudget.Holder {
    /** Handed to the transport and not yet sent: enough that it does not run dry while the next part is made. */
    private static final int UNSENT_BYTES = 1 << 20;

    /** A caller that has taken nothing for so long loses its room, if others wait for it. */
    private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final BlockReader reader;
    private final BlockOwners owners;
    private final StoreCounters counters;
    private final List<BlockKey> keys;
    private final int messageBytes;
    private final boolean stopAtMiss;
    private final Optional<String> sharedMemory;
    private final boolean share;
    private final SendBudget.Share budget;
    private final ServerCallStreamObserver<BlockPart> responses;
    private final ReadAhead ahead;
    private int answered;
    private boolean ended;
    private boolean awaitsRoom;

    /** When something was last handed to the transport. */
    private volatile long lastSent;

    /** The block being sent. */
    private @Nullable Sending current;

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
            SendBudget.Share budget,
            ServerCallStreamObserver<BlockPart> responses) {
        this.reader = reader;
        this.owners = owners;
        this.counters = counters;
        this.keys = keys;
        this.messageBytes = messageBytes;
        this.stopAtMiss = stopAtMiss;
        this.sharedMemory = sharedMemory;
        this.share = sharedMemory.isPresent() && reader.sharedFile().equals(sharedMemory);
        this.budget = budget;
        this.responses = responses;
        this.ahead = new ReadAhead(reader, keys, readAhead, share, budget);
    }

    void start() {
        responses.setOnReadyThreshold(UNSENT_BYTES);
        responses.setOnReadyHandler(this::advance);
        responses.setOnCancelHandler(this::cancelled);
        if (sharedMemory.isPresent() && !share) {
            reader.sharedFile().ifPresent(file -> responses.onNext(new BlockPart.Shared(file)));
        }
        lastSent = budget.now();
        budget.opened(this);
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
                ahead.fill();
                ReadAhead.Reading next = ahead.peek();
                if (next == null) {
                    awaitRoom();
                    return;
                }
                if (!next.block().isDone()) {
                    next.block().whenComplete((block, failure) -> advance());
                    return;
                }
                begin(ahead.take());
            }
        }
    }

    /** There is no room even for one block: others have yet to take theirs. */
    private void awaitRoom() {
        if (!awaitsRoom) {
            awaitsRoom = true;
            budget.take(budget.patienceNanos(), this::roomOrNot);
        }
    }

    /** @param bytes taken of the budget; 0 if the wait was in vain */
    private void roomOrNot(long bytes) {
        // Not under the lock: it ends other calls, which takes theirs.
        boolean over = bytes == 0 && !budget.takeBack(IDLE_NANOS);
        synchronized (this) {
            awaitsRoom = false;
            if (ended) {
                budget.give(bytes);
                return;
            }
            ahead.granted(bytes);
            if (over && current == null && ahead.peek() == null) {
                refuse();
            } else {
                advance();
            }
        }
    }

    private void begin(ReadAhead.Reading read) {
        answered++;
        lastSent = budget.now();
        if (!read.again()) {
            counters.asked();
            if (owners.isForeign(read.key())) {
                counters.foreign();
            }
        }
        ReadableBlock block = read.found();
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
        BlockHeader header = BlockHeaders.header(read.key(), block.header());
        long[] places = block.places();
        if (share && places.length > 0) {
            // Not kept open until the caller has copied it: it would have to say so. What it copies it compares with
            // the checksum.
            block.close();
            budget.give(read.taken() > 0 ? bytes : 0);
            counters.found(bytes, block.header().tokens());
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
        Optional<BlockPart.Data> part;
        try {
            part = sending.next(messageBytes);
        } catch (KvernException e) {
            // The node is stopping.
            release();
            responses.onError(e);
            return;
        }
        lastSent = budget.now();
        if (part.isEmpty()) {
            beginAgain(sending);
            return;
        }
        // The transport copies it before this returns.
        responses.onNext(part.get());
        if (sending.isDone()) {
            close(sending);
            current = null;
        }
    }

    /** The caller has a part of a damaged block, or of another that came to lie where it lay. It begins anew with the next header. */
    private void beginAgain(Sending sending) {
        current = null;
        sending.close();
        answered--;
        // Of one that lay at hand none was taken.
        ahead.again(sending.key(), sending.taken() > 0 ? sending.taken() : budget.tryTake());
    }

    private void close(Sending sending) {
        counters.found(sending.header().payloadBytes(), sending.header().tokens());
        sending.close();
        budget.give(sending.taken());
    }

    private void end() {
        release();
        responses.onCompleted();
    }

    private void refuse() {
        release();
        responses.onError(new KvernException(
                ErrorReason.RESOURCE_EXHAUSTED,
                "blocks being sent: more than " + budget.limit()
                        + " bytes at a time (expected: try again later, or at another node)"));
    }

    @Override
    public long waitsSince() {
        return responses.isReady() ? budget.now() : lastSent;
    }

    @Override
    public synchronized boolean giveUp() {
        if (ended || ahead.taken() + (current == null ? 0 : current.taken()) == 0) {
            return false;
        }
        refuse();
        return true;
    }

    private void release() {
        ended = true;
        budget.closed(this);
        ahead.discard();
        if (current != null) {
            close(current);
            current = null;
        }
    }
}
