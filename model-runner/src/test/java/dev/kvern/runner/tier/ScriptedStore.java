package dev.kvern.runner.tier;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockMiss;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.MatchResponse;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** A cache node in a map that can be told to misbehave. Safe for use by several threads. */
final class ScriptedStore extends BlockStoreServiceGrpc.BlockStoreServiceImplBase {
    /** What goes wrong with a Get. */
    enum Fault {
        NONE,
        FLIPPED_BIT,
        WRONG_KEY,
        WRONG_SIZE,
        DATA_WITHOUT_HEADER,
        TOO_MUCH_DATA,
        ENDS_EARLY,
        FAILS_AFTER_ONE,
        FAILS,
        SILENT
    }

    final Map<BlockKey, byte[]> blocks = new ConcurrentHashMap<>();
    final AtomicInteger gets = new AtomicInteger();
    volatile Fault fault = Fault.NONE;
    volatile boolean refusesPuts;

    @Override
    public void match(MatchRequest request, StreamObserver<MatchResponse> responses) {
        if (fault == Fault.FAILS) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
            return;
        }
        int matched = 0;
        while (matched < request.getKeysCount() && blocks.containsKey(BlockKey.of(request.getKeys(matched)))) {
            matched++;
        }
        responses.onNext(MatchResponse.newBuilder().setMatched(matched).build());
        responses.onCompleted();
    }

    @Override
    public void get(GetRequest request, StreamObserver<GetResponse> responses) {
        gets.incrementAndGet();
        Fault now = fault;
        if (now == Fault.SILENT) {
            return;
        }
        if (now == Fault.FAILS) {
            responses.onError(Status.UNAVAILABLE.asRuntimeException());
            return;
        }
        int sent = 0;
        for (ByteString key : request.getKeysList()) {
            byte[] block = blocks.get(BlockKey.of(key));
            if (block == null) {
                responses.onNext(GetResponse.newBuilder()
                        .setMiss(BlockMiss.newBuilder().setKey(key))
                        .build());
                break;
            }
            if (sent == 1 && now == Fault.FAILS_AFTER_ONE) {
                responses.onError(Status.UNAVAILABLE.asRuntimeException());
                return;
            }
            if (sent == 1 && now == Fault.ENDS_EARLY) {
                break;
            }
            send(responses, key, block, now, request.getMaxChunkBytes());
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
        if (fault != Fault.DATA_WITHOUT_HEADER) {
            responses.onNext(GetResponse.newBuilder().setHeader(header).build());
        }
        byte[] bytes = block.clone();
        if (fault == Fault.FLIPPED_BIT) {
            bytes[bytes.length / 2] ^= 1;
        }
        for (int from = 0; from < bytes.length; from += messageBytes) {
            responses.onNext(data(bytes, from, Math.min(messageBytes, bytes.length - from)));
        }
        if (fault == Fault.TOO_MUCH_DATA) {
            responses.onNext(data(bytes, 0, 1));
        }
    }

    private static GetResponse data(byte[] bytes, int from, int length) {
        return GetResponse.newBuilder()
                .setData(ByteString.copyFrom(bytes, from, length))
                .build();
    }

    private static BlockHeader.Builder header(ByteString key, byte[] block) {
        var crc = new CRC32C();
        crc.update(block);
        return BlockHeader.newBuilder().setKey(key).setSizeBytes(block.length).setCrc32C((int) crc.getValue());
    }

    @Override
    public StreamObserver<PutRequest> put(StreamObserver<PutResponse> responses) {
        if (refusesPuts) {
            responses.onError(Status.RESOURCE_EXHAUSTED.asRuntimeException());
        }
        return new StreamObserver<>() {
            private @Nullable BlockHeader header;
            private final ByteArrayOutputStream data = new ByteArrayOutputStream();
            private int stored;
            private int known;

            @Override
            public void onNext(PutRequest part) {
                if (part.hasHeader()) {
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
                if (!refusesPuts) {
                    responses.onNext(PutResponse.newBuilder()
                            .setStored(stored)
                            .setAlreadyStored(known)
                            .build());
                    responses.onCompleted();
                }
            }
        };
    }
}
