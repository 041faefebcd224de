package dev.kvern.node.grpc;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.cluster.MapVersion;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.node.store.BlockStorage;
import dev.kvern.node.store.Rejection;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.PutResponse;
import dev.kvern.wire.BlockPart;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/**
 * One Put: puts a block's bytes together, checks them, and only then stores it, once there is room. Some blocks may be on their way to the store
 * while the next is received; beyond that the caller is made to wait. Safe for use by several threads; guarded by this.
 */
final class PutCall implements StreamObserver<BlockPart>, ReceiveBudget.Holder {
    private static final int MAX_STORING = 4;
    private static final int MAX_DATA_BYTES = 4 << 20;

    private final BlockStorage storage;
    private final BlockOwners owners;
    private final StoreCounters counters;
    private final ReceiveBudget budget;
    private final ReceiveArrays arrays;
    private final int maxBlockBytes;
    private final WriteGate gate;
    private final LongConsumer onStored;
    private final ServerCallStreamObserver<PutResponse> responses;
    private final BlockChecksum checksum = new BlockChecksum();
    private Optional<MapVersion> mapUsed = Optional.empty();
    private @Nullable BlockKey key;
    private byte[] receiving = {};
    private int received;
    private int storing;
    private int stored;
    private int alreadyStored;
    private boolean halfClosed;
    private boolean ended;

    /** A message that was taken but not followed by a request for the next one. */
    private boolean owed;

    private volatile long lastReceived;

    PutCall(
            BlockStorage storage,
            BlockOwners owners,
            StoreCounters counters,
            ReceiveBudget budget,
            ReceiveArrays arrays,
            int maxBlockBytes,
            WriteGate gate,
            LongConsumer onStored,
            ServerCallStreamObserver<PutResponse> responses) {
        this.storage = storage;
        this.owners = owners;
        this.counters = counters;
        this.budget = budget;
        this.arrays = arrays;
        this.maxBlockBytes = maxBlockBytes;
        this.gate = gate;
        this.onStored = onStored;
        this.responses = responses;
    }

    void start() {
        responses.disableAutoRequest();
        responses.setOnCancelHandler(this::abandon);
        lastReceived = budget.now();
        budget.opened(this);
        responses.request(1);
    }

    @Override
    public void onNext(BlockPart part) {
        lastReceived = budget.now();
        if (part instanceof BlockPart.Header begun) {
            // Not under the lock: it ends other calls, which takes theirs.
            budget.makeRoom(Math.min(maxBlockBytes, begun.header().getSizeBytes()));
        }
        receive(part);
    }

    private synchronized void receive(BlockPart part) {
        if (ended) {
            return;
        }
        try {
            if (part instanceof BlockPart.Header begun) {
                begun.mapVersion().ifPresent(version -> mapUsed = Optional.of(version));
                begin(begun.header());
            } else if (part instanceof BlockPart.Data data) {
                append(data);
            } else {
                throw KvernException.invalid("part", "absent", "a header or data");
            }
        } catch (KvernException e) {
            fail(e);
            return;
        }
        if (storing < MAX_STORING) {
            responses.request(1);
        } else {
            owed = true;
        }
    }

    private void begin(BlockHeader header) {
        counters.offered();
        Rejection wrong = Rejection.MALFORMED;
        try {
            if (key != null) {
                throw KvernException.invalid(
                        "header",
                        "after " + received + " of " + payloadBytes() + " bytes of the block before",
                        "all of its bytes first: its size_bytes says " + payloadBytes());
            }
            BlockKey named = BlockHeaders.key("header.key", header.getKey());
            Optional<BlockKey> parent = BlockHeaders.parent(header);
            BlockLabels labels = BlockHeaders.labels(header);
            wrong = Rejection.SIZE;
            int size = BlockHeaders.size(header, maxBlockBytes);
            wrong = Rejection.BUDGET;
            budget.take(size);
            receiving = arrays.take(StoredBlock.encodedBytes(size));
            StoredBlock.begin(receiving, header.getCrc32C(), header.getTokens(), parent, labels);
            key = named;
            received = 0;
            checksum.begin(named);
        } catch (KvernException e) {
            counters.rejected(wrong);
            throw e;
        }
    }

    private void append(BlockPart.Data data) {
        BlockKey of = key;
        if (of == null) {
            throw KvernException.invalid("data", data.size() + " bytes without a header", "a header first");
        }
        if (data.size() > MAX_DATA_BYTES) {
            throw KvernException.invalid("data", data.size() + " bytes", "at most " + MAX_DATA_BYTES + " a message");
        }
        counters.received(data.size());
        if (received + data.size() > payloadBytes()) {
            counters.rejected(Rejection.CHECKSUM);
            throw KvernException.invalid(
                    "data",
                    "at least " + (received + data.size()) + " bytes",
                    "size_bytes of the header: " + payloadBytes());
        }
        var target = ByteBuffer.wrap(receiving, StoredBlock.HEADER_BYTES + received, data.size());
        data.copyTo(target.slice());
        // While it is in the processor's cache.
        checksum.add(target);
        received += data.size();
        if (received == payloadBytes()) {
            complete(of);
        }
    }

    private void complete(BlockKey of) {
        StoredBlock block = StoredBlock.received(receiving, checksum.value()).orElse(null);
        if (block == null) {
            counters.rejected(Rejection.CHECKSUM);
            throw KvernException.invalid(
                    "crc32c",
                    String.format("%08x", declaredChecksum()),
                    String.format(
                            "%08x, the CRC-32C of the key and the %d bytes that came", checksum.value(), received));
        }
        if (owners.isForeign(of)) {
            counters.foreign();
        }
        key = null;
        receiving = new byte[0];
        storing++;
        gate.admit(of, block.encoded().length)
                .thenCompose(room -> storage.put(of, block).whenComplete((isNew, failure) -> room.close()))
                .whenComplete((isNew, failure) -> done(block, isNew, failure));
    }

    private synchronized void done(StoredBlock block, @Nullable Boolean isNew, @Nullable Throwable failure) {
        storing--;
        int bytes = block.payloadBytes();
        budget.give(bytes);
        if (failure == null) {
            // After a failure, above all one of time, the store may still be at it.
            arrays.give(block.encoded());
        }
        if (failure == null && Boolean.TRUE.equals(isNew)) {
            counters.stored(bytes, block.header().tokens());
            onStored.accept(bytes);
            stored++;
        } else if (failure == null) {
            counters.existed();
            alreadyStored++;
        } else {
            counters.rejected(Rejection.UNAVAILABLE);
        }
        if (ended) {
            return;
        }
        if (failure != null) {
            fail(failure);
        } else if (halfClosed) {
            answerWhenAllIsStored();
        } else if (owed) {
            owed = false;
            responses.request(1);
        }
    }

    @Override
    public synchronized void onCompleted() {
        if (ended) {
            return;
        }
        if (key != null) {
            counters.rejected(Rejection.CHECKSUM);
            fail(KvernException.invalid("data", received + " bytes", "size_bytes of the header: " + payloadBytes()));
            return;
        }
        halfClosed = true;
        answerWhenAllIsStored();
    }

    private void answerWhenAllIsStored() {
        if (storing == 0) {
            release();
            var response = PutResponse.newBuilder().setStored(stored).setAlreadyStored(alreadyStored);
            owners.newerThan(mapUsed).ifPresent(response::setMap);
            responses.onNext(response.build());
            responses.onCompleted();
        }
    }

    @Override
    public void onError(Throwable failure) {
        abandon();
    }

    @Override
    public long lastReceived() {
        return lastReceived;
    }

    @Override
    public synchronized void giveUp() {
        if (!ended && key != null) {
            counters.rejected(Rejection.BUDGET);
            fail(budget.full());
        }
    }

    private void fail(Throwable failure) {
        release();
        responses.onError(failure);
    }

    private synchronized void abandon() {
        release();
    }

    private void release() {
        ended = true;
        budget.closed(this);
        if (key != null) {
            budget.give(payloadBytes());
            key = null;
            receiving = new byte[0];
        }
    }

    private int payloadBytes() {
        return receiving.length - StoredBlock.HEADER_BYTES;
    }

    private int declaredChecksum() {
        return StoredBlock.declaredChecksum(receiving);
    }
}
