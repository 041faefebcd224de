package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.v1.Histogram;
import io.grpc.ManagedChannel;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BlockStoreClientTest {
    private static final int CHUNK_BYTES = 1_000;
    private static final String FIRST = "first";
    private static final String SECOND = "second";

    /** No call is to end because this machine is busy. */
    private static final int PATIENT_MILLIS = 40_000;

    /** Of calls that a node leaves without an answer: half of it is for another node. */
    private static final int STALLED_MILLIS = 2_000;

    private final Map<String, ScriptedStore> stores = new HashMap<>();
    private final Map<String, String> servers = new HashMap<>();
    private final List<Server> running = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong(1);
    private final List<BlockKey> keys = new ArrayList<>();
    private final List<byte[]> chunks = new ArrayList<>();

    private BlockStoreClient client = newClient(PATIENT_MILLIS);

    @BeforeEach
    void start() throws IOException {
        for (String name : List.of(FIRST, SECOND)) {
            var store = new ScriptedStore();
            stores.put(name, store);
            servers.put(name, UUID.randomUUID().toString());
            running.add(InProcessServerBuilder.forName(servers.get(name))
                    .addService(store)
                    .build()
                    .start());
        }
        var random = new Random(3);
        for (int i = 0; i < 6; i++) {
            byte[] name = new byte[32];
            random.nextBytes(name);
            keys.add(BlockKey.of(NamespaceId.wrap(new byte[32]), BlockDigest.wrap(name)));
            byte[] chunk = new byte[CHUNK_BYTES];
            random.nextBytes(chunk);
            chunks.add(chunk);
        }
    }

    @AfterEach
    void stop() {
        client.close();
        running.forEach(Server::shutdownNow);
    }

    private BlockStoreClient newClient(int limitMillis) {
        return new BlockStoreClient(
                new TierOptions(limitMillis, limitMillis, limitMillis, 256, 2, 1_000), this::connect, nanos::get);
    }

    /** A client that gives a node which stalls up after so long, if that is what a fault does. */
    private void giveUp(ScriptedStore.Fault fault, int limitMillis) {
        if (reason(fault) == MissReason.TIMEOUT) {
            client.close();
            client = newClient(limitMillis);
        }
    }

    private static MissReason reason(ScriptedStore.Fault fault) {
        return switch (fault) {
            case FLIPPED_BIT, OTHER_BYTES, OTHER_BLOCK -> MissReason.CORRUPT;
            case SILENT, STALLS_IN_A_CHUNK -> MissReason.TIMEOUT;
            case FAILS, FAILS_AFTER_ONE, FAILS_IN_A_CHUNK -> MissReason.NODE_FAILED;
            case REFUSES -> MissReason.REJECTED;
            default -> MissReason.MALFORMED;
        };
    }

    private ManagedChannel connect(String address) {
        return InProcessChannelBuilder.forName(servers.getOrDefault(address, "nobody"))
                .build();
    }

    private ScriptedStore store(String name) {
        ScriptedStore store = stores.get(name);
        if (store == null) {
            throw new AssertionError(name);
        }
        return store;
    }

    private void fill(String name, int count) {
        for (int i = 0; i < count; i++) {
            store(name).blocks.put(keys.get(i), chunks.get(i));
        }
    }

    @Test
    void fetchesTheLongestStoredPrefix() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 4);
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.PartialHit(4, MissReason.NOT_STORED));
        arrived.assertEquals(4);
        fill(FIRST, 6);
        arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(6));
        arrived.assertEquals(6);
        assertThat(client.counters().fetchedChunks()).isEqualTo(10);
        assertThat(client.counters().fetchFailures()).isZero();
    }

    @Test
    void withoutNodesThereIsNothing() {
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Miss(MissReason.NO_NODES));
        assertThat(client.match(keys)).isEmpty();
        assertThat(client.put(sources(1))).isEqualTo(PutOutcome.Failed.ofAll(MissReason.NO_NODES, 1));
    }

    /** Whatever a lone node does wrong, what arrived before is right and the rest is a miss. */
    @ParameterizedTest
    @EnumSource(
            value = ScriptedStore.Fault.class,
            names = {"NONE"},
            mode = EnumSource.Mode.EXCLUDE)
    void aFaultIsAMiss(ScriptedStore.Fault fault) {
        giveUp(fault, 400);
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        store(FIRST).fault = fault;
        var arrived = new Arrived();
        FetchOutcome outcome = fetch(arrived);
        assertThat(outcome).isNotInstanceOf(FetchOutcome.Hit.class);
        arrived.assertEquals(outcome.chunks());
        assertThat(client.counters().fetchesEndedBy(reason(fault))).isEqualTo(1);
        assertThat(client.counters().fetchFailures()).isEqualTo(1);
    }

    /** A node that finds a block damaged while it sends it, and has a good copy, begins anew. */
    @Test
    void aChunkThatBeginsAnewIsRight() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        store(FIRST).damage = ScriptedStore.Damage.HEALED;
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(6));
        arrived.assertEquals(6);
        assertThat(store(FIRST).gets).hasValue(1);
        assertThat(client.counters().fetchFailures()).isZero();
    }

    @Test
    void aChunkThatIsGoneInItsMiddleIsAMiss() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        store(FIRST).damage = ScriptedStore.Damage.GONE;
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Miss(MissReason.NOT_STORED));
        assertThat(client.counters().fetchFailures()).isZero();
    }

    /** And with another node that has everything, all arrives. */
    @ParameterizedTest
    @EnumSource(ScriptedStore.Fault.class)
    void anotherNodeServesTheRest(ScriptedStore.Fault fault) {
        giveUp(fault, STALLED_MILLIS);
        client.setNodes(List.of(FIRST, SECOND));
        fill(FIRST, 6);
        fill(SECOND, 6);
        store(FIRST).fault = fault;
        for (int i = 0; i < 2; i++) {
            var arrived = new Arrived();
            assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(6));
            arrived.assertEquals(6);
        }
    }

    @Test
    void aNodeThatFailedTwiceIsLeftAloneForAWhile() {
        client.setNodes(List.of(FIRST));
        store(FIRST).fault = ScriptedStore.Fault.FAILS;
        fetch(new Arrived());
        fetch(new Arrived());
        assertThat(store(FIRST).gets).hasValue(2);
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Miss(MissReason.NO_NODES));
        assertThat(store(FIRST).gets).hasValue(2);
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_001));
        store(FIRST).fault = ScriptedStore.Fault.NONE;
        fill(FIRST, 6);
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(6));
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(6));
    }

    @Test
    void aChunkThatCannotBeTakenEndsTheFetchAndBlamesNoNode() {
        client.setNodes(List.of(FIRST, SECOND));
        fill(FIRST, 6);
        fill(SECOND, 6);
        var arrived = new Arrived();
        FetchOutcome outcome = client.fetch(keys, CHUNK_BYTES, (index, payload) -> {
                    if (index == 2) {
                        throw new OutOfDeviceMemoryException("no memory for a copy", null);
                    }
                    arrived.accept(index, payload);
                })
                .outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(outcome).isEqualTo(new FetchOutcome.PartialHit(2, MissReason.LOCAL_FAILURE));
        arrived.assertEquals(2);
        assertThat(client.counters().fetchesEndedBy(MissReason.LOCAL_FAILURE)).isEqualTo(1);
        assertThat(client.counters().nodeFailures()).isZero();
        assertThat(client.lentBuffers()).isZero();
    }

    @Test
    void withoutMemoryForAChunkNothingIsFetched() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        // More than -XX:MaxDirectMemorySize lets the tests have.
        FetchOutcome outcome =
                client.fetch(keys, Integer.MAX_VALUE, new Arrived()).outcome().join();
        assertThat(outcome).isEqualTo(new FetchOutcome.Miss(MissReason.LOCAL_FAILURE));
        assertThat(store(FIRST).gets).hasValue(0);
        assertThat(client.lentBuffers()).isZero();
    }

    @Test
    void aChunkThatCannotBeCopiedIsNotStoredAndBlamesNoNode() {
        client.setNodes(List.of(FIRST, SECOND));
        List<ChunkSource> sources = new ArrayList<>(sources(3));
        ChunkSource last = sources.get(2);
        sources.set(2, new ChunkSource() {
            @Override
            public BlockKey key() {
                return last.key();
            }

            @Override
            public Optional<BlockKey> parent() {
                return last.parent();
            }

            @Override
            public int tokens() {
                return last.tokens();
            }

            @Override
            public int bytes() {
                return last.bytes();
            }

            @Override
            public void copyTo(ByteBuffer target) {
                throw new OutOfDeviceMemoryException("no memory for a copy", null);
            }
        });
        assertThat(client.put(sources)).isEqualTo(PutOutcome.Failed.ofAll(MissReason.LOCAL_FAILURE, sources.size()));
        assertThat(client.counters().nodeFailures()).isZero();
        assertThat(client.put(sources(3))).isInstanceOf(PutOutcome.Stored.class);
    }

    @Test
    void aCancelledFetchDeliversNothingMore() {
        client.setNodes(List.of(FIRST));
        store(FIRST).fault = ScriptedStore.Fault.SILENT;
        var arrived = new Arrived();
        Fetch fetch = client.fetch(keys, CHUNK_BYTES, arrived);
        fetch.cancel();
        assertThat(fetch.outcome()).isCompletedWithValue(new FetchOutcome.Miss(MissReason.CANCELLED));
        arrived.assertEquals(0);
    }

    @Test
    void putsAndMatches() {
        client.setNodes(List.of(FIRST));
        assertThat(client.put(sources(4))).isEqualTo(new PutOutcome.Stored(4, 0));
        assertThat(client.put(sources(6))).isEqualTo(new PutOutcome.Stored(2, 4));
        for (int i = 0; i < 6; i++) {
            assertThat(store(FIRST).blocks.get(keys.get(i))).isEqualTo(chunks.get(i));
        }
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(6));
        assertThat(client.matchLater(keys).orTimeout(20, TimeUnit.SECONDS).join())
                .isEqualTo(OptionalInt.of(6));
        store(FIRST).fault = ScriptedStore.Fault.FAILS;
        assertThat(client.matchLater(keys).orTimeout(20, TimeUnit.SECONDS).join())
                .isEmpty();
    }

    @Test
    void aPutThatFailsAtANodeGoesToAnother() {
        client.setNodes(List.of(FIRST, SECOND));
        store(FIRST).putFault = ScriptedStore.PutFault.FAILS;
        for (int i = 1; i <= 2; i++) {
            assertThat(client.put(sources(3))).isInstanceOf(PutOutcome.Stored.class);
        }
        assertThat(store(SECOND).blocks).hasSize(3);
        store(SECOND).putFault = ScriptedStore.PutFault.FAILS;
        assertThat(client.put(sources(3))).isEqualTo(PutOutcome.Failed.ofAll(MissReason.NODE_FAILED, 3));
    }

    @Test
    void aNodeThatHasNoRoomForAPutIsWell() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        store(FIRST).putFault = ScriptedStore.PutFault.FULL;
        for (int i = 0; i < 5; i++) {
            assertThat(client.put(sources(3))).isEqualTo(new PutOutcome.Rejected(0, 0, 3));
        }
        assertThat(client.counters().nodeFailures()).isZero();
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(6));
        // It answers, so failures before that are no longer in a row.
        store(FIRST).putFault = ScriptedStore.PutFault.FAILS;
        client.put(sources(3));
        store(FIRST).putFault = ScriptedStore.PutFault.FULL;
        client.put(sources(3));
        store(FIRST).putFault = ScriptedStore.PutFault.FAILS;
        client.put(sources(3));
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(6));
    }

    @Test
    void aNodeThatHasTooMuchToDoIsWell() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        store(FIRST).fault = ScriptedStore.Fault.REFUSES;
        for (int i = 0; i < 5; i++) {
            assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Miss(MissReason.REJECTED));
            assertThat(client.match(keys)).isEmpty();
        }
        assertThat(store(FIRST).gets).as("asked all the same").hasValue(5);
        store(FIRST).fault = ScriptedStore.Fault.NONE;
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(6));
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(6));
    }

    @Test
    void matchAsksAnotherNodeWhenOneFails() {
        client.setNodes(List.of(FIRST, SECOND));
        store(FIRST).fault = ScriptedStore.Fault.FAILS;
        fill(SECOND, 3);
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(3));
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(3));
    }

    @Test
    void aMatchIsNeverMoreThanWasAskedFor() {
        client.setNodes(List.of(FIRST));
        // Beyond what a signed number holds, too.
        for (int beyond : new int[] {7, Integer.MAX_VALUE, Integer.MIN_VALUE, -1}) {
            store(FIRST).matchedBeyond = beyond;
            assertThat(client.match(keys)).as("%d", beyond).isEqualTo(OptionalInt.of(6));
            assertThat(client.matchLater(keys).orTimeout(20, TimeUnit.SECONDS).join())
                    .isEqualTo(OptionalInt.of(6));
        }
    }

    @Test
    void fetchesAndStoresAreTimedByOutcome() {
        client.setNodes(List.of(FIRST));
        fill(FIRST, 6);
        fetch(new Arrived());
        store(FIRST).blocks.remove(keys.get(4));
        fetch(new Arrived());
        store(FIRST).blocks.remove(keys.get(0));
        fetch(new Arrived());
        client.put(sources(6));
        client.fetch(keys, CHUNK_BYTES, (index, payload) -> nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(3)))
                .outcome()
                .join();
        store(FIRST).fault = ScriptedStore.Fault.FAILS;
        fetch(new Arrived());
        TierCounters counters = client.counters();
        assertThat(values(counters.fetchHitSeconds())).isEqualTo(2);
        assertThat(counters.fetchHitSeconds().getSum()).isCloseTo(0.018, within(1e-9));
        assertThat(values(counters.fetchMissSeconds())).isEqualTo(2);
        assertThat(values(counters.fetchFailedSeconds())).isEqualTo(1);
        assertThat(values(counters.putSeconds())).isEqualTo(1);
        assertThat(values(counters.fetchBytes())).as("those that brought any").isEqualTo(3);
        assertThat(counters.fetchBytes().getSum()).isEqualTo(16 * CHUNK_BYTES);
        client.setNodes(List.of());
        fetch(new Arrived());
        assertThat(values(counters.fetchFailedSeconds())).as("nobody was asked").isEqualTo(1);
    }

    private static long values(Histogram histogram) {
        return histogram.getCountsList().stream().mapToLong(Long::longValue).sum();
    }

    private FetchOutcome fetch(Arrived arrived) {
        return client.fetch(keys, CHUNK_BYTES, arrived)
                .outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    private List<ChunkSource> sources(int count) {
        var sources = new ArrayList<ChunkSource>();
        for (int i = 0; i < count; i++) {
            int at = i;
            sources.add(new ChunkSource() {
                @Override
                public BlockKey key() {
                    return keys.get(at);
                }

                @Override
                public Optional<BlockKey> parent() {
                    return at == 0 ? Optional.empty() : Optional.of(keys.get(at - 1));
                }

                @Override
                public int tokens() {
                    return 64;
                }

                @Override
                public int bytes() {
                    return chunks.get(at).length;
                }

                @Override
                public void copyTo(ByteBuffer target) {
                    target.put(chunks.get(at));
                }
            });
        }
        return sources;
    }

    /** Keeps what arrives, which must be in order. */
    private final class Arrived implements ChunkSink {
        private final List<byte[]> payloads = new ArrayList<>();

        @Override
        public synchronized void accept(int index, ByteBuffer payload) {
            assertThat(index).isEqualTo(payloads.size());
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            payloads.add(bytes);
        }

        synchronized void assertEquals(int count) {
            assertThat(payloads).hasSize(count);
            for (int i = 0; i < count; i++) {
                assertThat(Arrays.equals(payloads.get(i), chunks.get(i)))
                        .as("chunk %d", i)
                        .isTrue();
            }
        }
    }
}
