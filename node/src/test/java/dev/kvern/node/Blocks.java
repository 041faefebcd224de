package dev.kvern.node;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc.BlockStoreServiceStub;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.stub.StreamObserver;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Keys and payloads for tests. */
public final class Blocks {
    private Blocks() {}

    public static BlockKey key(int number) {
        return BlockKey.wrap(
                ByteBuffer.allocate(32).putInt(number).putInt(28, ~number).array());
    }

    public static byte[] payload(int number, int size) {
        byte[] payload = new byte[size];
        new Random(number).nextBytes(payload);
        return payload;
    }

    public static int checksum(int number, byte[] payload) {
        return new BlockChecksum().of(key(number), ByteBuffer.wrap(payload));
    }

    public static BlockHeader.Builder header(int number, byte[] payload) {
        return BlockHeader.newBuilder()
                .setKey(key(number).toByteString())
                .setSizeBytes(payload.length)
                .setTokens(64)
                .setCrc32C(checksum(number, payload));
    }

    public static StoredBlock stored(int number, int size) {
        return stored(number, Optional.empty(), size);
    }

    public static StoredBlock stored(int number, Optional<BlockKey> parent, int size) {
        byte[] payload = payload(number, size);
        byte[] encoded = new byte[StoredBlock.encodedBytes(size)];
        StoredBlock.begin(encoded, checksum(number, payload), 64, parent);
        System.arraycopy(payload, 0, encoded, StoredBlock.HEADER_BYTES, size);
        return StoredBlock.verified(key(number), encoded).orElseThrow();
    }

    public static PutRequest headerPart(BlockHeader.Builder header) {
        return PutRequest.newBuilder().setHeader(header).build();
    }

    public static PutRequest dataPart(byte[] bytes, int from, int to) {
        return PutRequest.newBuilder()
                .setData(ByteString.copyFrom(bytes, from, to - from))
                .build();
    }

    /** Sends parts and waits for the answer. */
    public static PutResponse put(BlockStoreServiceStub stub, PutRequest... parts) {
        var answer = new CompletableFuture<PutResponse>();
        StreamObserver<PutRequest> requests = stub.put(new StreamObserver<>() {
            @Override
            public void onNext(PutResponse response) {
                answer.complete(response);
            }

            @Override
            public void onError(Throwable failure) {
                answer.completeExceptionally(failure);
            }

            @Override
            public void onCompleted() {}
        });
        for (PutRequest part : parts) {
            requests.onNext(part);
        }
        requests.onCompleted();
        try {
            return answer.get(60, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new AssertionError(e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError(e);
        }
    }
}
