package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import dev.kvern.node.Blocks;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.ReadCache;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.Histogram;
import dev.kvern.v1.StatsRequest;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CallTimesTest {
    private static final int SIZE = 5_000;

    private final StoreCounters counters = new StoreCounters();
    private final AtomicLong nanos = new AtomicLong();

    @SuppressWarnings("NullAway.Init")
    private GrpcServer server;

    @SuppressWarnings("NullAway.Init")
    private ManagedChannel channel;

    /** Each look at the clock takes a second. */
    private long tick() {
        return nanos.addAndGet(TimeUnit.SECONDS.toNanos(1));
    }

    @BeforeEach
    void start() {
        var storage = new MapStorage();
        var service = new BlockStoreGrpc(
                "node",
                storage,
                new BlockReader(storage, new ReadCache(List::of, key -> false), counters),
                new SetOwners(),
                counters,
                1 << 20,
                1 << 20,
                new SendBudget(1 << 20, Runnable::run, System::nanoTime),
                2,
                WriteGate.OPEN,
                bytes -> {},
                () -> 0);
        server = GrpcServer.start(
                "127.0.0.1",
                0,
                Runnable::run,
                List.<BindableService>of(
                        () -> ServerInterceptors.intercept(service, new CallTimes(counters, this::tick))));
        channel = NettyChannelBuilder.forAddress("127.0.0.1", server.port())
                .usePlaintext()
                .build();
    }

    @AfterEach
    void stop() {
        channel.shutdownNow();
        server.close();
    }

    @Test
    void getsAndPutsAreMeasuredAndNothingElse() {
        byte[] payload = Blocks.payload(1, SIZE);
        Blocks.put(
                BlockStoreServiceGrpc.newStub(channel),
                Blocks.headerPart(Blocks.header(1, payload)),
                Blocks.dataPart(payload, 0, SIZE));
        BlockStoreServiceGrpc.newBlockingStub(channel)
                .get(GetRequest.newBuilder()
                        .addKeys(Blocks.key(1).toByteString())
                        .build())
                .forEachRemaining(part -> {});
        BlockStoreServiceGrpc.newBlockingStub(channel).stats(StatsRequest.getDefaultInstance());

        BlockCounters counted = counters.snapshot();
        assertThat(counted.getGetFirstSeconds().getSum()).isEqualTo(1);
        assertThat(counted.getGetSeconds().getSum()).isEqualTo(2);
        // Its one answer is looked at too.
        assertThat(counted.getPutSeconds().getSum()).isEqualTo(2);
        assertThat(count(counted.getGetSeconds())).isEqualTo(1);
        assertThat(count(counted.getPutSeconds())).isEqualTo(1);
        assertThat(counted.getBlockBytes().getSum()).isEqualTo(SIZE);
        assertThat(counted.getGetHitTokens()).isEqualTo(64);
        assertThat(counted.getPutStoredTokens()).isEqualTo(64);
    }

    @Test
    void whatFailsIsNotMeasured() {
        byte[] payload = Blocks.payload(2, SIZE);
        assertThat(catchThrowable(() -> Blocks.put(
                        BlockStoreServiceGrpc.newStub(channel),
                        Blocks.headerPart(Blocks.header(2, payload).setCrc32C(1)),
                        Blocks.dataPart(payload, 0, SIZE))))
                .hasMessageContaining("crc32c");
        assertThat(count(counters.snapshot().getPutSeconds())).isZero();
        assertThat(counters.snapshot().getRejectedChecksum()).isEqualTo(1);
        assertThat(counters.snapshot().getPutRejected()).isEqualTo(1);
    }

    private static long count(Histogram histogram) {
        return histogram.getCountsList().stream().mapToLong(Long::longValue).sum();
    }
}
