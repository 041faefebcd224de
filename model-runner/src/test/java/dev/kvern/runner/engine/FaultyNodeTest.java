package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.runner.kv.PoolInvariants;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.LentBuffers;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.ScriptedStore;
import dev.kvern.runner.tier.ScriptedStore.Fault;
import dev.kvern.runner.tier.TierOptions;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.MethodDescriptor;
import io.grpc.ServerServiceDefinition;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.ServerCalls;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The engine before a node that stalls, fails and lies, over a real port: the tokens are those of a run without any cache. */
@Timeout(60)
class FaultyNodeTest {
    /** 9 chunks and the beginning of one. */
    private static final int[] PROMPT = EngineRig.prompt(1, 150);

    private static final int CHUNKS = 9;
    private static final int TOKENS = 12;

    /** No call is to end because this machine is busy. */
    private static final int PATIENT_MILLIS = 20_000;

    /** Of fetches that stall and bring nothing. */
    private static final int STALLED_MILLIS = 1_000;

    /** Of fetches that stall later: what comes before must have come by then, over a connection that is yet to be made. */
    private static final int STALLED_LATER_MILLIS = 5_000;

    /** A node that says nothing says nothing of what it stores either. */
    private static final int MATCH_MILLIS = 1_000;

    private static final EngineOptions OPTIONS =
            new EngineOptions(EngineRig.BLOCK, EngineRig.CHUNK, EngineRig.CHUNK, 8, 64, 1_000, 1_000, false);

    private final ScriptedStore store = new ScriptedStore();
    private final ExecutorService calls = Executors.newCachedThreadPool();

    @AfterEach
    void stop() {
        calls.shutdownNow();
    }

    /** Every fault, at once and after some chunks that are as they should be. */
    static Stream<Arguments> faults() {
        return Stream.of(Fault.values())
                .filter(fault -> fault != Fault.NONE)
                .flatMap(fault -> Stream.of(0, 4).map(good -> Arguments.of(fault, good)));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void whatComesIsUsedAndTheRestIsComputed(Fault fault, int good) {
        try (var server = serve(store)) {
            fill(server);
            store.goodChunks = good;
            store.fault = fault;
            try (var client = connect(server, fault, good);
                    var rig = new EngineRig(128, client, OPTIONS)) {
                Collected answer = rig.run(PROMPT, TOKENS);
                assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, TOKENS));
                Usage usage = answer.await();
                int came = chunksThatCome(fault, good);
                assertThat(usage.clusterTokens()).isEqualTo(came * EngineRig.CHUNK);
                assertThat(usage.computedTokens()).isEqualTo(PROMPT.length - came * EngineRig.CHUNK);
                assertThat(client.counters().fetchesEndedBy(reason(fault))).isEqualTo(1);
                assertThat(client.counters().fetchFailures()).isEqualTo(1);
                assertThat(client.counters().fetchedChunks()).isEqualTo(came);
                assertNothingIsHeld(rig, client);

                // What it computed itself is no worse than what it would have fetched.
                Collected again = rig.run(PROMPT, TOKENS);
                assertThat(again.array()).isEqualTo(answer.array());
                assertThat(again.await().localTokens()).isEqualTo(CHUNKS * EngineRig.CHUNK);
            }
        }
    }

    /** The tail is fetched while the head is computed; where it goes wrong that goes on to the end. */
    @ParameterizedTest
    @MethodSource("faults")
    void theHeadGoesOnWhereTheTailGoesWrong(Fault fault, int good) {
        try (var server = serve(store)) {
            fill(server);
            store.goodChunks = good;
            store.fault = fault;
            try (var client = connect(server, fault, good);
                    var rig = new EngineRig(128, client, OPTIONS, FetchPolicy.OVERLAP)) {
                rig.slowChunks();
                Collected answer = rig.run(PROMPT, TOKENS);
                assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, TOKENS));
                assertThat(rig.planner.stats().decided(FetchPlan.Kind.OVERLAP)).isEqualTo(1);
                Usage usage = answer.await();
                assertThat(usage.clusterTokens() + usage.computedTokens()).isEqualTo(PROMPT.length);
                assertThat(usage.clusterTokens()).isLessThanOrEqualTo(chunksThatCome(fault, good) * EngineRig.CHUNK);
                assertNothingIsHeld(rig, client);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 5, 8})
    void halfAChainIsUsedAsFarAsItGoes(int stored) {
        try (var server = serve(store)) {
            fill(server);
            List<BlockKey> keys;
            try (var client = connect(server);
                    var rig = new EngineRig(128, client, OPTIONS)) {
                keys = rig.engine.keySpace().keys(PROMPT, "").chunkKeys();
                store.blocks.remove(keys.get(stored));
                Collected answer = rig.run(PROMPT, TOKENS);
                assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, TOKENS));
                assertThat(answer.await().clusterTokens()).isEqualTo(stored * EngineRig.CHUNK);
                assertThat(client.counters().fetchesEndedBy(MissReason.NOT_STORED))
                        .isEqualTo(1);
                assertThat(client.counters().fetchFailures())
                        .as("nothing is wrong")
                        .isZero();
                assertNothingIsHeld(rig, client);
            }
            assertThat(store.blocks.keySet()).as("the hole is filled").containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    @Test
    void bytesThatAreNoMessageAreAFailureOfTheNode() {
        try (var server = serve(new Babble());
                var client = connect(server);
                var rig = new EngineRig(128, client, OPTIONS)) {
            Collected answer = rig.run(PROMPT, TOKENS);
            assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, TOKENS));
            assertThat(client.counters().fetchesEndedBy(MissReason.NODE_FAILED)).isEqualTo(1);
            assertNothingIsHeld(rig, client);
        }
    }

    @Test
    void aNodeThatGoesAwayInTheMiddleIsAMiss() {
        GrpcServer server = serve(store);
        try {
            fill(server);
            store.goodChunks = 4;
            store.fault = Fault.STALLS_IN_A_CHUNK;
            try (var client = connect(server);
                    var rig = new EngineRig(128, client, OPTIONS)) {
                var stream = new Collected();
                rig.engine.submit(EngineRig.task(PROMPT, TOKENS), stream);
                await("four chunks", () -> client.counters().fetchedChunks() == 4);
                server.stop(0);
                Usage usage = stream.await();
                assertThat(stream.array()).isEqualTo(rig.model.expected(PROMPT, TOKENS));
                assertThat(usage.clusterTokens()).isEqualTo(4 * EngineRig.CHUNK);
                assertThat(client.counters().fetchFailures()).isEqualTo(1);
                assertNothingIsHeld(rig, client);
            }
        } finally {
            server.close();
        }
    }

    /** Stores all of the prompt's chunks, by the way that runners use. */
    private void fill(GrpcServer server) {
        try (var client = connect(server);
                var rig = new EngineRig(128, client, OPTIONS)) {
            rig.run(PROMPT, 1);
            rig.awaitOffloaded();
            assertThat(store.blocks).hasSize(CHUNKS);
        }
    }

    private static int chunksThatCome(Fault fault, int good) {
        return switch (fault) {
            case FAILS, REFUSES, SILENT -> 0;
            // These begin behind a chunk that is as it should be.
            case FAILS_AFTER_ONE, ENDS_EARLY -> Math.max(1, good);
            case TOO_MUCH_DATA, REPEATED -> good + 1;
            default -> good;
        };
    }

    private static MissReason reason(Fault fault) {
        return switch (fault) {
            case FLIPPED_BIT, OTHER_BYTES, OTHER_BLOCK -> MissReason.CORRUPT;
            case SILENT, STALLS_IN_A_CHUNK -> MissReason.TIMEOUT;
            case FAILS, FAILS_AFTER_ONE, FAILS_IN_A_CHUNK -> MissReason.NODE_FAILED;
            case REFUSES -> MissReason.REJECTED;
            default -> MissReason.MALFORMED;
        };
    }

    private static void assertNothingIsHeld(EngineRig rig, BlockStoreClient client) {
        rig.awaitOffloaded();
        assertThat(rig.pool.usage().used()).isZero();
        assertThat(rig.pool.usage().cached()).isEqualTo(CHUNKS * EngineRig.CHUNK / EngineRig.BLOCK);
        PoolInvariants.check(rig.pool);
        // A fetch that was ended in the middle of a message gives its buffer back a moment later.
        await("fetches to give their buffers back", () -> LentBuffers.of(client) == 0);
    }

    private static void await(String what, BooleanSupplier condition) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - limit).as(what).isNegative();
            Thread.onSpinWait();
        }
    }

    private GrpcServer serve(BindableService service) {
        GrpcServer server = GrpcServer.start("127.0.0.1", 0, calls, List.of(service));
        server.serving(true);
        return server;
    }

    private static BlockStoreClient connect(GrpcServer server) {
        return connect(server, PATIENT_MILLIS);
    }

    private static BlockStoreClient connect(GrpcServer server, Fault fault, int good) {
        return connect(server, millis(fault, good));
    }

    private static int millis(Fault fault, int good) {
        if (reason(fault) != MissReason.TIMEOUT) {
            return PATIENT_MILLIS;
        }
        return chunksThatCome(fault, good) > 0 ? STALLED_LATER_MILLIS : STALLED_MILLIS;
    }

    private static BlockStoreClient connect(GrpcServer server, int fetchMillis) {
        var client = new BlockStoreClient(
                // The node stays in use whatever it does; a chunk takes several messages.
                new TierOptions(fetchMillis, MATCH_MILLIS, PATIENT_MILLIS, 48, 100, 1_000),
                FaultyNodeTest::channel,
                System::nanoTime);
        client.setNodes(List.of("127.0.0.1:" + server.port()));
        return client;
    }

    private static ManagedChannel channel(String address) {
        return NettyChannelBuilder.forTarget(address).usePlaintext().build();
    }

    /** Answers a Get with bytes that no message begins with. */
    private static final class Babble implements BindableService {
        private static final MethodDescriptor.Marshaller<byte[]> BYTES = new MethodDescriptor.Marshaller<>() {
            @Override
            public InputStream stream(byte[] value) {
                return new ByteArrayInputStream(value);
            }

            @Override
            public byte[] parse(InputStream stream) {
                try {
                    return stream.readAllBytes();
                } catch (IOException e) {
                    throw new UncheckedIOException(e);
                }
            }
        };

        @Override
        public ServerServiceDefinition bindService() {
            String service = "kvern.v1.BlockStoreService";
            MethodDescriptor<byte[], byte[]> get = MethodDescriptor.<byte[], byte[]>newBuilder()
                    .setType(MethodDescriptor.MethodType.SERVER_STREAMING)
                    .setFullMethodName(MethodDescriptor.generateFullMethodName(service, "Get"))
                    .setRequestMarshaller(BYTES)
                    .setResponseMarshaller(BYTES)
                    .build();
            return ServerServiceDefinition.builder(service)
                    .addMethod(get, ServerCalls.asyncServerStreamingCall((request, responses) -> {
                        byte[] garbage = new byte[100];
                        new Random(request.length).nextBytes(garbage);
                        Arrays.fill(garbage, 0, 8, (byte) 0xFF);
                        responses.onNext(garbage);
                        responses.onCompleted();
                    }))
                    .build();
        }
    }
}
