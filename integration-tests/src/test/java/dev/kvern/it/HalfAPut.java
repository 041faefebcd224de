package dev.kvern.it;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChecksum;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.io.IOException;
import java.nio.ByteBuffer;

/**
 * A process that sends half of a chunk to a node and then nothing more, until its input ends or somebody ends it. Arguments:
 * HOST:PORT of the node, and the chunk's set, number and bytes.
 */
final class HalfAPut {
    private HalfAPut() {}

    public static void main(String[] arguments) throws IOException {
        TestChunk chunk = TestChunk.of(
                Integer.parseInt(arguments[1]), Integer.parseInt(arguments[2]), Integer.parseInt(arguments[3]));
        byte[] payload = chunk.payload();
        ManagedChannel channel = GrpcChannels.open(arguments[0]);
        StreamObserver<PutRequest> requests = BlockStoreServiceGrpc.newStub(channel)
                .put(new StreamObserver<PutResponse>() {
                    @Override
                    public void onNext(PutResponse response) {}

                    @Override
                    public void onError(Throwable failure) {
                        System.out.println("put failed: " + failure);
                    }

                    @Override
                    public void onCompleted() {}
                });
        requests.onNext(PutRequest.newBuilder()
                .setHeader(BlockHeader.newBuilder()
                        .setKey(chunk.key().toByteString())
                        .setSizeBytes(payload.length)
                        .setCrc32C(new BlockChecksum().of(chunk.key(), ByteBuffer.wrap(payload))))
                .build());
        requests.onNext(PutRequest.newBuilder()
                .setData(ByteString.copyFrom(payload, 0, payload.length / 2))
                .build());
        System.out.println("ready half=sent");
        while (System.in.read() >= 0) {
            // Until it ends.
        }
        channel.shutdownNow();
    }
}
