package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.KeyPartition;
import dev.kvern.cluster.MapVersion;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.v1.PartitionMap;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A chain spread over more nodes than may fill their windows at the same time, over the transport that every process has. */
@Timeout(120)
class WideFetchTest {
    private static final int CHUNK_BYTES = 1 << 20;
    private static final int CHUNKS = 100;
    private static final int PARTITIONS = 256;

    /** Chunks that may lie unread. */
    private static final int UNREAD = ToAsk.UNREAD_BYTES / CHUNK_BYTES;

    private final Map<String, ScriptedStore> stores = new HashMap<>();
    private final List<String> names = new ArrayList<>();
    private final List<GrpcServer> running = new ArrayList<>();
    private final ExecutorService calls = Executors.newFixedThreadPool(4);
    private final Map<String, String> addresses = new HashMap<>();
    private final List<BlockKey> keys = new ArrayList<>();

    /** Of each chunk: keys make the checksums differ. */
    private final byte[] bytes = new byte[CHUNK_BYTES];

    private PartitionMap map = PartitionMap.getDefaultInstance();
    private BlockStoreClient client = client(60_000);

    private BlockStoreClient client(int fetchMillis) {
        return new BlockStoreClient(
                new TierOptions(fetchMillis, 60_000, 60_000, 256 << 10, 2, 1_000),
                name -> GrpcChannels.open(addresses.getOrDefault(name, "nobody")),
                System::nanoTime);
    }

    private void know(BlockStoreClient of) {
        of.setMembers(names.stream().map(name -> new NodeTarget(name, name)).toList());
        of.setOwners(map);
    }

    private void start(int nodes) {
        var owners = PartitionMap.newBuilder()
                .setVersion(new MapVersion(1, 1, 0).toMessage())
                .setPartitions(PARTITIONS);
        for (int i = 0; i < nodes; i++) {
            String name = "node-" + i;
            var store = new ScriptedStore();
            names.add(name);
            stores.put(name, store);
            running.add(GrpcServer.start("127.0.0.1", 0, calls, List.of(store)));
            addresses.put(name, "127.0.0.1:" + running.get(i).port());
            owners.addNodeIds(name);
        }
        for (int partition = 0; partition < PARTITIONS; partition++) {
            owners.addOwners(partition % nodes + 1).addOwners((partition + 1) % nodes + 1);
        }
        var random = new Random(nodes);
        random.nextBytes(bytes);
        for (int i = 0; i < CHUNKS; i++) {
            byte[] key = new byte[32];
            random.nextBytes(key);
            keys.add(BlockKey.wrap(key));
            store(owner(i, 0)).blocks.put(keys.get(i), bytes);
            store(owner(i, 1)).blocks.put(keys.get(i), bytes);
        }
        map = owners.build();
        know(client);
    }

    private String owner(int place, int copy) {
        return names.get((KeyPartition.of(keys.get(place), PARTITIONS) + copy) % names.size());
    }

    private ScriptedStore store(String name) {
        ScriptedStore store = stores.get(name);
        if (store == null) {
            throw new AssertionError(name);
        }
        return store;
    }

    @AfterEach
    void stop() {
        client.close();
        running.forEach(GrpcServer::close);
        calls.shutdownNow();
    }

    private int asked() {
        return stores.values().stream().mapToInt(store -> store.asked.size()).sum();
    }

    private FetchOutcome fetch(ChunkSink sink) {
        return client.fetch(keys, CHUNK_BYTES, sink)
                .outcome()
                .orTimeout(60, TimeUnit.SECONDS)
                .join();
    }

    @Test
    void nodesAreAskedForNoMoreThanMayLieUnread() {
        start(12);
        var furthest = new AtomicInteger();
        var count = new AtomicInteger();
        FetchOutcome outcome = fetch((place, payload) -> {
            int ahead = asked() - place;
            assertThat(ahead).isLessThanOrEqualTo(UNREAD);
            furthest.accumulateAndGet(ahead, Math::max);
            assertThat(place).isEqualTo(count.getAndIncrement());
            assertThat(payload).isEqualTo(ByteBuffer.wrap(bytes));
        });
        assertThat(outcome).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(furthest).hasValueGreaterThan(UNREAD / 4);
        for (String name : names) {
            // In any order: a node's calls are noted by several threads.
            assertThat(store(name).asked)
                    .as(name)
                    .containsExactlyInAnyOrderElementsOf(IntStream.range(0, CHUNKS)
                            .filter(place -> owner(place, 0).equals(name))
                            .mapToObj(keys::get)
                            .toList());
        }
    }

    @Test
    void fewNodesAreAskedOnceEach() {
        start(8);
        assertThat(fetch((place, payload) -> {})).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(stores.values()).allMatch(store -> store.gets.get() == 1);
    }

    /** Whichever node fails in whatever way, and wherever the chain ends: all that is stored comes, in order. */
    @Test
    void whatAFailingNodeOfManyDoesNotBringComesFromTheBackup() {
        start(12);
        long seed = System.nanoTime();
        var random = new Random(seed);
        var faults = List.of(
                ScriptedStore.Fault.FAILS,
                ScriptedStore.Fault.FAILS_AFTER_ONE,
                ScriptedStore.Fault.FAILS_IN_A_CHUNK,
                ScriptedStore.Fault.FLIPPED_BIT,
                ScriptedStore.Fault.ENDS_EARLY);
        for (int round = 0; round < 6; round++) {
            ScriptedStore failing = store(names.get(random.nextInt(names.size())));
            failing.fault = faults.get(random.nextInt(faults.size()));
            failing.goodChunks = random.nextInt(3);
            int missing = random.nextInt(2 * CHUNKS);
            if (missing < CHUNKS) {
                stores.values().forEach(store -> store.blocks.remove(keys.get(missing)));
            }
            var count = new AtomicInteger();
            FetchOutcome outcome = fetch((place, payload) -> {
                assertThat(place).isEqualTo(count.getAndIncrement());
                assertThat(payload).isEqualTo(ByteBuffer.wrap(bytes));
            });
            assertThat(outcome)
                    .as("seed %d, round %d: %s, %d is missing", seed, round, failing.fault, missing)
                    .isEqualTo(
                            missing < CHUNKS
                                    ? FetchOutcome.of(missing, MissReason.NOT_STORED)
                                    : new FetchOutcome.Hit(CHUNKS));
            assertThat(count).hasValue(outcome.chunks());
            failing.fault = ScriptedStore.Fault.NONE;
            if (missing < CHUNKS) {
                store(owner(missing, 0)).blocks.put(keys.get(missing), bytes);
                store(owner(missing, 1)).blocks.put(keys.get(missing), bytes);
            }
        }
    }

    @Test
    void aNodeThatHangsCostsAFetchOnce() {
        start(12);
        int many = UNREAD + UNREAD / 2;
        // It is to be asked for some at once, and has some further on.
        ScriptedStore hanging = store(IntStream.range(0, UNREAD)
                .mapToObj(place -> owner(place, 0))
                .filter(name -> IntStream.range(UNREAD, many)
                        .anyMatch(place -> owner(place, 0).equals(name)))
                .findFirst()
                .orElseThrow());
        hanging.fault = ScriptedStore.Fault.SILENT;
        client.close();
        // Half of that it is waited for.
        client = client(12_000);
        know(client);
        assertThat(client.fetch(keys.subList(0, many), CHUNK_BYTES, (place, payload) -> {})
                        .outcome()
                        .orTimeout(60, TimeUnit.SECONDS)
                        .join())
                .isEqualTo(new FetchOutcome.Hit(many));
        assertThat(hanging.gets).hasValue(1);
    }
}
