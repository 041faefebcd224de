package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.cluster.MapVersion;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.node.Awaits;
import dev.kvern.node.BlockStoreContract;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.PageSlab;
import dev.kvern.node.store.ReadCache;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.WriteGate;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.GetRequest;
import dev.kvern.v1.GetResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.PartitionMapVersion;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.PutResponse;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** The service over a map, with the server that every process has. */
class BlockStoreGrpcTest extends BlockStoreContract {
    private static final int RECEIVING_BYTES = (3 << 20) - 1;
    private static final int SENDING_BYTES = 4 << 20;

    private static final MapStorage STORAGE = new MapStorage();
    private static final SetOwners OWNERS = new SetOwners();
    private static final StoreCounters COUNTERS = new StoreCounters();
    private static final ByteBuffer CACHED = ByteBuffer.allocateDirect(4 << 20);

    /** Stands still, but for who steps it. */
    private static final AtomicLong NANOS = new AtomicLong();

    /** Always read from the store. */
    private static final int NOT_CACHED = 20;

    private static final ReadCache CACHE = new ReadCache(
            () -> List.of(CACHED), key -> !key.equals(Blocks.key(NOT_CACHED)) && STORAGE.blocks.containsKey(key));
    private static final ExecutorService CALLS = Executors.newFixedThreadPool(4);
    private static final SendBudget BUDGET = new SendBudget(SENDING_BYTES, CALLS, NANOS::get);
    private static GrpcServer server;
    private static ManagedChannel channel;

    @BeforeAll
    static void start() {
        STORAGE.onGone = CACHE::drop;
        server = serve(BUDGET);
        channel = connect(server);
    }

    private static GrpcServer serve(SendBudget budget) {
        var service = new BlockStoreGrpc(
                "node-t",
                STORAGE,
                new BlockReader(STORAGE, CACHE, COUNTERS),
                OWNERS,
                COUNTERS,
                MAX_BLOCK_BYTES,
                RECEIVING_BYTES,
                budget,
                4,
                WriteGate.OPEN,
                bytes -> {},
                () -> 1);
        return GrpcServer.start("127.0.0.1", 0, CALLS, List.of(service));
    }

    private static ManagedChannel connect(GrpcServer to) {
        return NettyChannelBuilder.forAddress("127.0.0.1", to.port())
                .usePlaintext()
                .build();
    }

    @AfterAll
    static void stop() {
        channel.shutdownNow();
        server.close();
        CALLS.shutdownNow();
    }

    @Override
    protected Channel channel() {
        return channel;
    }

    @Test
    void whatIsReadForSlowCallersIsBounded() {
        try (var slow = new SlowCallers(channel, BUDGET)) {
            StatusRuntimeException refusal = slow.fillTheRoom();
            assertThat(refusal.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            assertThat(refusal.getStatus().getDescription()).contains("blocks being sent", "" + SENDING_BYTES);
        }
        // And the room comes back.
        Awaits.until("a reader is served again", () -> {
            try {
                return bytesOfAGet(channel) == 8L * MAX_BLOCK_BYTES;
            } catch (StatusRuntimeException e) {
                return false;
            }
        });
    }

    @Test
    void whoTakesNothingLosesItsRoomToWhoWaitsForIt() {
        try (var slow = new SlowCallers(channel, BUDGET)) {
            slow.fillTheRoom();
            NANOS.addAndGet(TimeUnit.SECONDS.toNanos(2));
            assertThat(bytesOfAGet(channel)).isEqualTo(8L * MAX_BLOCK_BYTES);
            var ended = slow.calls.stream()
                    .map(call ->
                            catchThrowableOfType(StatusRuntimeException.class, () -> call.forEachRemaining(part -> {})))
                    .filter(Objects::nonNull)
                    .toList();
            assertThat(ended).isNotEmpty().allMatch(end -> end.getStatus().getCode() == Status.Code.RESOURCE_EXHAUSTED);
        }
    }

    @Test
    void whoFindsNoRoomIsServedOnceThereIsSome() {
        var budget = new SendBudget(SENDING_BYTES, TimeUnit.MINUTES.toNanos(10), CALLS, NANOS::get);
        try (GrpcServer patient = serve(budget)) {
            ManagedChannel toPatient = connect(patient);
            try {
                CompletableFuture<Long> waiting;
                putLarge();
                try (var slow = new SlowCallers(toPatient, budget)) {
                    Awaits.until("no room", () -> {
                        slow.open();
                        return budget.waiting() > 0;
                    });
                    int before = budget.waiting();
                    waiting = CompletableFuture.supplyAsync(() -> bytesOfAGet(toPatient));
                    Awaits.until("it waits", () -> budget.waiting() > before);
                }
                assertThat(waiting).succeedsWithin(Duration.ofSeconds(20)).isEqualTo(8L * MAX_BLOCK_BYTES);
            } finally {
                toPatient.shutdownNow();
            }
        }
    }

    /** They stand for however long they like: the clock does. */
    @Test
    void slowCallersOfOneConnectionLeaveRoomForOthers() {
        ManagedChannel another = connect(server);
        try (var slow = new SlowCallers(channel, BUDGET)) {
            slow.fillTheRoom();
            assertThat(BUDGET.taken()).isLessThanOrEqualTo(SENDING_BYTES / 2 + MAX_BLOCK_BYTES);
            assertThat(bytesOfAGet(another)).isEqualTo(8L * MAX_BLOCK_BYTES);
        } finally {
            another.shutdownNow();
        }
    }

    /** The block that is always read from the store. */
    private static void putLarge() {
        byte[] payload = Blocks.payload(NOT_CACHED, MAX_BLOCK_BYTES);
        Blocks.put(
                BlockStoreServiceGrpc.newStub(channel),
                Blocks.headerPart(Blocks.header(NOT_CACHED, payload)),
                Blocks.dataPart(payload, 0, payload.length));
    }

    /** Of eight blocks that are always read from the store. */
    private static long bytesOfAGet(Channel from) {
        var bytes = new AtomicLong();
        BlockStoreServiceGrpc.newBlockingStub(from)
                .get(eightBlocks())
                .forEachRemaining(part -> bytes.addAndGet(part.getData().size()));
        return bytes.get();
    }

    /** In parts so small that what each adds on the wire leaves a stalled call within a block, whose room it keeps. */
    private static GetRequest eightBlocks() {
        return GetRequest.newBuilder()
                .setMaxChunkBytes(1 << 10)
                .addAllKeys(Collections.nCopies(8, Blocks.key(NOT_CACHED).toByteString()))
                .build();
    }

    /** Each takes its first message and no more. */
    private static final class SlowCallers implements AutoCloseable {
        private final List<Iterator<GetResponse>> calls = new ArrayList<>();
        private final Context.CancellableContext context = Context.current().withCancellation();
        private final Channel node;
        private final SendBudget budget;

        SlowCallers(Channel node, SendBudget budget) {
            this.node = node;
            this.budget = budget;
        }

        /** One more. */
        void open() {
            context.run(
                    () -> calls.add(BlockStoreServiceGrpc.newBlockingStub(node).get(eightBlocks())));
        }

        /** What is read ahead for them fills the room; how the last one is refused. */
        StatusRuntimeException fillTheRoom() {
            putLarge();
            var refusal = new AtomicReference<StatusRuntimeException>();
            context.run(() -> refusal.set(catchThrowableOfType(StatusRuntimeException.class, () -> {
                for (int i = 0; i < 100; i++) {
                    var responses = BlockStoreServiceGrpc.newBlockingStub(node).get(eightBlocks());
                    assertThat(responses.hasNext()).isTrue();
                    calls.add(responses);
                }
            })));
            return Objects.requireNonNull(refusal.get(), "not refused");
        }

        @Override
        public void close() {
            context.cancel(null);
            // Their room is taken, and their blocks are counted, until the node has heard it.
            Awaits.until("their calls to end", () -> budget.calls() == 0);
        }
    }

    @Test
    void whoCameByAnOlderMapGetsTheNewerOneWithTheAnswer() {
        OwnerMap map = OwnerMap.of(PartitionMap.newBuilder()
                .setVersion(new MapVersion(1_000, 7, 1).toMessage())
                .setPartitions(1)
                .addNodeIds("another")
                .addOwners(1)
                .build());
        putAll(30);
        OWNERS.map = map;
        try {
            PartitionMapVersion same = map.version().toMessage();
            PartitionMapVersion older = new MapVersion(1_000, 7, 0).toMessage();
            long foreign = COUNTERS.snapshot().getForeignBlocks();
            assertThat(mapsWith(older)).containsExactly(map.message(), map.message(), map.message());
            assertThat(mapsWith(PartitionMapVersion.getDefaultInstance())).hasSize(3);
            assertThat(mapsWith(same)).isEmpty();
            assertThat(mapsWith(new MapVersion(2_000, 1, 0).toMessage())).isEmpty();
            assertThat(mapsWith(null)).isEmpty();
            // Answered all the same: five times a Get and a Put of another node's block.
            assertThat(COUNTERS.snapshot().getForeignBlocks() - foreign).isEqualTo(10);
        } finally {
            OWNERS.map = OwnerMap.NONE;
        }
    }

    /** Maps that come with the answers to a Match, a Get and a Put of a block that is stored. */
    private static List<PartitionMap> mapsWith(@Nullable PartitionMapVersion used) {
        var maps = new ArrayList<PartitionMap>();
        var blocking = BlockStoreServiceGrpc.newBlockingStub(channel);
        var match = MatchRequest.newBuilder().addKeys(Blocks.key(30).toByteString());
        var get = GetRequest.newBuilder().addKeys(Blocks.key(30).toByteString());
        byte[] payload = Blocks.payload(30, 100);
        var put = Blocks.headerPart(Blocks.header(30, payload)).toBuilder();
        if (used != null) {
            match.setMapVersion(used);
            get.setMapVersion(used);
            put.setMapVersion(used);
        }
        var matched = blocking.match(match.build());
        assertThat(matched.getMatched()).isEqualTo(1);
        if (matched.hasMap()) {
            maps.add(matched.getMap());
        }
        var parts = new ArrayList<GetResponse>();
        blocking.get(get.build()).forEachRemaining(parts::add);
        if (parts.get(0).hasMap()) {
            maps.add(parts.remove(0).getMap());
        }
        assertThat(parts.get(0).hasHeader()).isTrue();
        PutResponse stored = Blocks.put(
                BlockStoreServiceGrpc.newStub(channel), put.build(), Blocks.dataPart(payload, 0, payload.length));
        assertThat(stored.getAlreadyStored()).isEqualTo(1);
        if (stored.hasMap()) {
            maps.add(stored.getMap());
        }
        return maps;
    }

    @Test
    void whatIsReadOftenComesFromTheCacheAndIsTheSame() {
        long before = counters().getReadCacheHits();
        putAll(500, 501);
        for (int i = 0; i < 4; i++) {
            assertThat(payload(500)).isEqualTo(Blocks.payload(500, 5_000));
        }
        assertThat(counters().getReadCacheHits() - before).isEqualTo(2);
        blocking()
                .delete(DeleteRequest.newBuilder()
                        .addKeys(Blocks.key(500).toByteString())
                        .build());
        assertThat(answers(500).get(0).hasMiss()).isTrue();
    }

    @Test
    void aCopyThatWasDamagedIsNotServedAgain() {
        putAll(510);
        for (int i = 0; i < 3; i++) {
            payload(510);
        }
        long corrupt = counters().getCorruptBlocks();
        int at = indexOf(Blocks.payload(510, 5_000));
        CACHED.put(at + 4_000, (byte) (CACHED.get(at + 4_000) ^ 4));
        long asked = counters().getGetBlocks();
        // All of the parts but the last go before it is found.
        List<GetResponse> parts = answers(510, 1 << 10);
        assertThat(parts.stream().filter(GetResponse::hasHeader)).hasSize(2);
        assertThat(lastBlock(parts)).isEqualTo(Blocks.payload(510, 5_000));
        assertThat(counters().getCorruptBlocks() - corrupt).isEqualTo(1);
        assertThat(counters().getGetBlocks() - asked).isEqualTo(1);
        assertThat(payload(510)).isEqualTo(Blocks.payload(510, 5_000));
        assertThat(counters().getCorruptBlocks() - corrupt).isEqualTo(1);
    }

    @Test
    void aDamagedCopyOfWhatIsGoneIsAMiss() {
        putAll(511);
        for (int i = 0; i < 3; i++) {
            payload(511);
        }
        int at = indexOf(Blocks.payload(511, 5_000));
        CACHED.put(at, (byte) (CACHED.get(at) ^ 1));
        STORAGE.blocks.remove(Blocks.key(511));
        long found = counters().getGetHits();
        List<GetResponse> parts = answers(511, 1 << 10);
        assertThat(parts.get(parts.size() - 1).hasMiss()).isTrue();
        assertThat(lastBlock(parts)).hasSizeLessThan(5_000);
        assertThat(counters().getGetHits()).isEqualTo(found);
    }

    private static byte[] lastBlock(List<GetResponse> parts) {
        var bytes = new ByteArrayOutputStream();
        for (GetResponse part : parts) {
            if (part.hasHeader()) {
                bytes.reset();
            }
            bytes.writeBytes(part.getData().toByteArray());
        }
        return bytes.toByteArray();
    }

    private static int indexOf(byte[] payload) {
        for (int at = 0; at < CACHED.capacity(); at += PageSlab.PAGE_BYTES) {
            if (CACHED.slice(at, payload.length).equals(ByteBuffer.wrap(payload))) {
                return at;
            }
        }
        throw new AssertionError("not in the cache");
    }

    private byte[] payload(int number) {
        var bytes = new ByteArrayOutputStream();
        answers(number).forEach(part -> bytes.writeBytes(part.getData().toByteArray()));
        return bytes.toByteArray();
    }

    private List<GetResponse> answers(int number) {
        return answers(number, 1 << 20);
    }

    private List<GetResponse> answers(int number, int partBytes) {
        var parts = new ArrayList<GetResponse>();
        blocking()
                .get(GetRequest.newBuilder()
                        .addKeys(Blocks.key(number).toByteString())
                        .setMaxChunkBytes(partBytes)
                        .build())
                .forEachRemaining(parts::add);
        return parts;
    }

    @Test
    void manyDeletesDoNotFloodTheStore() {
        var keys = IntStream.range(0, 20_000)
                .mapToObj(i -> Blocks.key(i).toByteString())
                .toList();
        putAll(3, 19_999);
        assertThat(BlockStoreServiceGrpc.newBlockingStub(channel)
                        .delete(DeleteRequest.newBuilder().addAllKeys(keys).build())
                        .getDeleted())
                .isGreaterThanOrEqualTo(2);
        assertThat(STORAGE.mostDeletesAtATime.get()).isBetween(1, 64);
    }

    @Test
    void receivingIsBounded() {
        var stub = BlockStoreServiceGrpc.newStub(channel);
        byte[] payload = Blocks.payload(1, MAX_BLOCK_BYTES);
        // Two blocks begun and not ended leave room for less than another of that size.
        var open = List.of(new BegunPut(stub, 0, payload), new BegunPut(stub, 1, payload));
        var refused = catchThrowableOfType(StatusRuntimeException.class, () -> {
            // The first two may not have arrived yet, or been refused for what tests before are still giving back.
            long deadline = System.nanoTime() + 20_000_000_000L;
            while (System.nanoTime() - deadline < 0) {
                open.forEach(BegunPut::beginAgainIfRefused);
                Blocks.put(
                        stub,
                        Blocks.headerPart(Blocks.header(9, payload)),
                        Blocks.dataPart(payload, 0, payload.length));
            }
        });
        assertThat(refused).as("a third block of the largest size").isNotNull();
        assertThat(refused.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
        open.forEach(BegunPut::cancel);
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

    @Test
    void whoBringsNothingMoreLosesItsRoomToWhoNeedsIt() {
        var stub = BlockStoreServiceGrpc.newStub(channel);
        byte[] payload = Blocks.payload(1, MAX_BLOCK_BYTES);
        var open = List.of(new BegunPut(stub, 40, payload), new BegunPut(stub, 41, payload));
        Awaits.until("there is no room", () -> {
            open.forEach(BegunPut::beginAgainIfRefused);
            return refusesAPut(stub, payload);
        });
        NANOS.addAndGet(TimeUnit.SECONDS.toNanos(2));
        assertThat(refusesAPut(stub, payload)).isFalse();
        Awaits.until("one that stood still to have ended", () -> open.stream().anyMatch(put -> put.refused));
        open.forEach(BegunPut::cancel);
    }

    private static boolean refusesAPut(BlockStoreServiceGrpc.BlockStoreServiceStub stub, byte[] payload) {
        try {
            Blocks.put(
                    stub, Blocks.headerPart(Blocks.header(42, payload)), Blocks.dataPart(payload, 0, payload.length));
            return false;
        } catch (StatusRuntimeException e) {
            assertThat(e.getStatus().getCode()).isEqualTo(Status.Code.RESOURCE_EXHAUSTED);
            return true;
        }
    }

    /** A block whose header was sent and whose bytes do not come. */
    private static final class BegunPut implements StreamObserver<PutResponse> {
        private final BlockStoreServiceGrpc.BlockStoreServiceStub stub;
        private final PutRequest header;
        private volatile boolean refused;
        private StreamObserver<PutRequest> requests;

        BegunPut(BlockStoreServiceGrpc.BlockStoreServiceStub stub, int number, byte[] payload) {
            this.stub = stub;
            this.header = Blocks.headerPart(Blocks.header(number, payload));
            this.requests = stub.put(this);
            requests.onNext(header);
        }

        void beginAgainIfRefused() {
            if (refused) {
                refused = false;
                requests = stub.put(this);
                requests.onNext(header);
            }
        }

        void cancel() {
            requests.onError(Status.CANCELLED.asRuntimeException());
        }

        @Override
        public void onNext(PutResponse response) {}

        @Override
        public void onError(Throwable failure) {
            refused = true;
        }

        @Override
        public void onCompleted() {}
    }
}
