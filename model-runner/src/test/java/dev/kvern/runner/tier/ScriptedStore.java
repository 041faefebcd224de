package dev.kvern.runner.tier;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockMiss;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PartitionMapVersion;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A cache node in a map that can be told to misbehave. Safe for use by several threads. */
public final class ScriptedStore extends BlockStoreServiceGrpc.BlockStoreServiceImplBase {
    /** What goes wrong with a Get. */
    public enum Fault {
        NONE,
        FLIPPED_BIT,
        WRONG_KEY,
        WRONG_SIZE,
        /** The key and checksum asked for, other bytes. */
        OTHER_BYTES,
        /** The key asked for, the bytes and the checksum of another block. */
        OTHER_BLOCK,
        DATA_WITHOUT_HEADER,
        TOO_MUCH_DATA,
        REPEATED,
        ENDS_EARLY,
        ENDS_IN_A_CHUNK,
        STALLS_IN_A_CHUNK,
        FAILS_IN_A_CHUNK,
        FAILS_AFTER_ONE,
        FAILS,
        /** Refused, as there is too much to do. */
        REFUSES,
        SILENT
    }

    /** What only half of a chunk is sent with. */
    private static final Set<Fault> HALF =
            EnumSet.of(Fault.STALLS_IN_A_CHUNK, Fault.FAILS_IN_A_CHUNK, Fault.ENDS_IN_A_CHUNK);

    /** What the node finds when half of a chunk was sent. */
    enum Damage {
        NONE,
        /** What it sent was damaged, and it has a good copy. */
        HEALED,
        /** And there is no good copy. */
        GONE
    }

    volatile Damage damage = Damage.NONE;

    public final Map<BlockKey, byte[]> blocks = new ConcurrentHashMap<>();
    final AtomicInteger gets = new AtomicInteger();

    /** Keys of all Gets, one after the other; of all Matches; and of all blocks that a Put brought. */
    final List<BlockKey> asked = new CopyOnWriteArrayList<>();

    final List<BlockKey> matched = new CopyOnWriteArrayList<>();
    final List<BlockKey> offered = new CopyOnWriteArrayList<>();

    /** Told to those who came by an older one. */
    volatile PartitionMap map = PartitionMap.getDefaultInstance();

    public volatile Fault fault = Fault.NONE;

    /** Chunks of a Get before what goes wrong with a chunk goes wrong. */
    public volatile int goodChunks;

    /** What goes wrong with a Put. */
    enum PutFault {
        NONE,
        /** Refused for lack of room. */
        FULL,
        /** An owner that this node needs hangs. */
        OWNER_SILENT,
        FAILS,
        /** Takes and says nothing more. */
        SILENT,
        /** Takes nothing. */
        TAKES_NOTHING
    }

    volatile PutFault putFault = PutFault.NONE;

    /** Blocks for which it waits in vain for an owner, and says so; and of which it does not even say that. */
    volatile Predicate<BlockKey> ownerSilent = key -> false;

    volatile Predicate<BlockKey> waitsFor = key -> false;

    /** What a Match says beyond the truth. */
    volatile int matchedBeyond;

    private boolean isNewerThan(boolean named, PartitionMapVersion used) {
        return named && MapVersion.of(map.getVersion()).isAfter(MapVersion.of(used));
    }

    @Override
    public void match(MatchRequest request, StreamObserver<MatchResponse> responses) {
        request.getKeysList().forEach(key -> matched.add(BlockKey.of(key)));
        if (fault == Fault.FAILS) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
            return;
        }
        if (fault == Fault.REFUSES) {
            responses.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
            return;
        }
        if (fault == Fault.SILENT) {
            return;
        }
        int leading = 0;
        while (leading < request.getKeysCount() && blocks.containsKey(BlockKey.of(request.getKeys(leading)))) {
            leading++;
        }
        var response = MatchResponse.newBuilder().setMatched(leading + matchedBeyond);
        if (isNewerThan(request.hasMapVersion(), request.getMapVersion())) {
            response.setMap(map);
        }
        responses.onNext(response.build());
        responses.onCompleted();
    }

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> responses) {
        gets.incrementAndGet();
        request.getKeysList().forEach(key -> asked.add(BlockKey.of(key)));
        Fault now = fault;
        if (now == Fault.SILENT) {
            return;
        }
        if (now == Fault.FAILS) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
            return;
        }
        if (now == Fault.REFUSES) {
            responses.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
            return;
        }
        if (isNewerThan(request.hasMapVersion(), request.getMapVersion())) {
            responses.onNext(GetResponse.newBuilder().setMap(map).build());
        }
        int good = goodChunks;
        int sent = 0;
        for (ByteString key : request.getKeysList()) {
            byte[] block = blocks.get(BlockKey.of(key));
            if (block == null) {
                responses.onNext(miss(key));
                break;
            }
            if (sent == Math.max(1, good) && now == Fault.FAILS_AFTER_ONE) {
                responses.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            if (sent == Math.max(1, good) && now == Fault.ENDS_EARLY) {
                break;
            }
            Fault here = sent < good ? Fault.NONE : now;
            if (damage != Damage.NONE) {
                byte[] damaged = block.clone();
                damaged[damaged.length / 4] ^= 1;
                send(responses, key, damaged, Fault.ENDS_IN_A_CHUNK, request.getMaxChunkBytes());
            }
            if (damage == Damage.GONE) {
                responses.onNext(miss(key));
                break;
            }
            send(responses, key, block, here, request.getMaxChunkBytes());
            if (here == Fault.STALLS_IN_A_CHUNK) {
                return;
            }
            if (here == Fault.FAILS_IN_A_CHUNK) {
                responses.onError(Status.INTERNAL.asRuntimeException());
                return;
            }
            if (here == Fault.ENDS_IN_A_CHUNK) {
                break;
            }
            sent++;
        }
        responses.onCompleted();
    }

    private static void send(
            StreamObserver<GetResponse> responses, ByteString key, byte[] block, Fault fault, int messageBytes) {
        var header = header(key, block);
        if (fault == Fault.WRONG_KEY) {
            header.setKey(ByteString.copyFrom(new byte[32]));
        }
        if (fault == Fault.WRONG_SIZE) {
            header.setSizeBytes(block.length + 1L);
        }
        if (fault == Fault.OTHER_BLOCK) {
            // As if the node had mixed up whose values are whose: what it sends is whole.
            header.setCrc32C(header(ByteString.copyFrom(new byte[32]), block).getCrc32C());
        }
        if (fault != Fault.DATA_WITHOUT_HEADER) {
            responses.onNext(GetResponse.newBuilder().setHeader(header).build());
        }
        byte[] bytes = block.clone();
        if (fault == Fault.FLIPPED_BIT) {
            bytes[bytes.length / 2] ^= 1;
        }
        if (fault == Fault.OTHER_BYTES) {
            new Random(block.length).nextBytes(bytes);
        }
        int end = HALF.contains(fault) ? bytes.length / 2 : bytes.length;
        for (int from = 0; from < end; from += messageBytes) {
            responses.onNext(data(bytes, from, Math.min(messageBytes, end - from)));
        }
        if (fault == Fault.TOO_MUCH_DATA) {
            responses.onNext(data(bytes, 0, 1));
        }
        if (fault == Fault.REPEATED) {
            send(responses, key, block, Fault.NONE, messageBytes);
        }
    }

    private static GetResponse miss(ByteString key) {
        return GetResponse.newBuilder()
                .setMiss(BlockMiss.newBuilder().setKey(key))
                .build();
    }

    private static GetResponse data(byte[] bytes, int from, int length) {
        return GetResponse.newBuilder()
                .setData(ByteString.copyFrom(bytes, from, length))
                .build();
    }

    private static BlockHeader.Builder header(ByteString key, byte[] block) {
        return BlockHeader.newBuilder()
                .setKey(key)
                .setSizeBytes(block.length)
                .setCrc32C(new BlockChecksum().of(BlockKey.of(key), ByteBuffer.wrap(block)));
    }

    @Override
    public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
        PutFault now = putFault;
        switch (now) {
            case FULL -> responses.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
            case OWNER_SILENT -> responses.onError(Status.ABORTED.asRuntimeException());
            case FAILS -> responses.onError(Status.UNAVAILABLE.asRuntimeException());
            case TAKES_NOTHING -> ((ServerCallStreamObserver<PutResponse>) responses).disableAutoRequest();
            default -> {}
        }
        return new StreamObserver<>() {
            private @Nullable BlockHeader header;
            private final ByteArrayOutputStream data = new ByteArrayOutputStream();
            private int stored;
            private int known;
            private boolean tellMap;
            private boolean over;

            @Override
            public void onNext(PutRequest part) {
                if (over) {
                    return;
                }
                if (part.hasHeader()
                        && ownerSilent.test(BlockKey.of(part.getHeader().getKey()))) {
                    over = true;
                    responses.onError(Status.ABORTED.asRuntimeException());
                    return;
                }
                if (part.hasHeader()
                        && waitsFor.test(BlockKey.of(part.getHeader().getKey()))) {
                    over = true;
                    return;
                }
                if (part.hasHeader()) {
                    tellMap |= isNewerThan(part.hasMapVersion(), part.getMapVersion());
                    offered.add(BlockKey.of(part.getHeader().getKey()));
                    header = part.getHeader();
                    data.reset();
                    return;
                }
                data.writeBytes(part.getData().toByteArray());
                BlockHeader of = header;
                if (of != null && data.size() == of.getSizeBytes()) {
                    byte[] block = data.toByteArray();
                    if (header(of.getKey(), block).getCrc32C() != of.getCrc32C()) {
                        throw new AssertionError("checksum");
                    }
                    if (blocks.putIfAbsent(BlockKey.of(of.getKey()), block) == null) {
                        stored++;
                    } else {
                        known++;
                    }
                }
            }

            @Override
            public void onError(Throwable t) {}

            @Override
            public void onCompleted() {
                if (now == PutFault.NONE && !over) {
                    var response = PutResponse.newBuilder().setStored(stored).setAlreadyStored(known);
                    if (tellMap) {
                        response.setMap(map);
                    }
                    responses.onNext(response.build());
                    responses.onCompleted();
                }
            }
        };
    }
}
