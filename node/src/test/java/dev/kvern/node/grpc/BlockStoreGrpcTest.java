package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.node.BlockStoreContract;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The service over a map, with the server that every process has. */
class BlockStoreGrpcTest extends BlockStoreContract {
    private static final int RECEIVING_BYTES = 3 << 20;

    private static ExecutorService calls;
    private static GrpcServer server;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() {
        calls = Executors.newFixedThreadPool(4);
        var service = new BlockStoreGrpc(
                "node-t",
                new MapStorage(),
                new StoreCounters(),
                MAX_BLOCK_BYTES,
                RECEIVING_BYTES,
                4,
                bytes -> {},
                () -> 1);
        server = GrpcServer.start("127.0.0.1", 0, calls, List.of(service));
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        server.close();
        calls.shutdownNow();
    }

    @Override
    protected Channel channel() {
        return channel;
    }

    @Test
    void receivingIsBounded() {
        var stub = BlockStoreServiceGrpc.newStub(channel);
        byte[] payload = Blocks.payload(1, MAX_BLOCK_BYTES);
        var open = new ArrayList<StreamObserver<PutRequest>>();
        // Two blocks begun and not ended leave room for less than another of that size.
        for (int i = 0; i < 2; i++) {
            var requests = stub.put(new StreamObserver<>() {
                @Override
                public void onNext(PutResponse value) {}

                @Override
                public void onError(Throwable t) {}

                @Override
                public void onCompleted() {}
            });
            requests.onNext(Blocks.headerPart(Blocks.header(i, payload)));
            open.add(requests);
        }
        var refused = catchThrowableOfType(StatusRuntimeException.class, () -> {
            // The first two may not have arrived yet.
            while (true) {
                Blocks.put(
                        stub,
                        Blocks.headerPart(Blocks.header(9, payload)),
                        Blocks.dataPart(payload, 0, payload.length));
            }
        });
        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        open.forEach(requests -> requests.onError(Status.CANCELLED.asRuntimeException()));
        // And their room comes back.
        long deadline = System.nanoTime() + 20_000_000_000L;
        while (true) {
            try {
                Blocks.put(
                        stub,
                        Blocks.headerPart(Blocks.header(10, payload)),
                        Blocks.dataPart(payload, 0, payload.length));
                return;
            } catch (StatusRuntimeException e) {
                assertThat(System.nanoTime() - deadline).isNegative();
            }
        }
    }
}
