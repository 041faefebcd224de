package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.cluster.KeyPartition;
import dev.kvern.cluster.MapVersion;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.v1.PartitionMap;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.IntPredicate;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Chunks of which each has two of four nodes for owners, in every pairing. */
@Timeout(120)
class PutBatchTest {
    private static final int CHUNKS = 60;
    private static final int CHUNK_BYTES = 1_000;
    private static final List<String> NAMES = List.of("a", "b", "c", "d");
    private static final int PARTITIONS = 16;

    private final Map<String, ScriptedStore> stores = new HashMap<>();
    private final Map<String, String> servers = new HashMap<>();
    private final List<Server> running = new ArrayList<>();
    private final List<BlockKey> keys = new ArrayList<>();
    private final List<byte[]> chunks = new ArrayList<>();
    private final AtomicLong nanos = new AtomicLong(1);
    private BlockStoreClient client = client(60_000);

    private BlockStoreClient client(int putMillis) {
        return new BlockStoreClient(
                new TierOptions(20_000, 20_000, putMillis, 256, 2, 1_000),
                name -> InProcessChannelBuilder.forName(servers.getOrDefault(name, "nobody"))
                        .build(),
                nanos::get);
    }

    @BeforeEach
    void start() throws IOException {
        for (String name : NAMES) {
            stores.put(name, new ScriptedStore());
            servers.put(name, UUID.randomUUID().toString());
            running.add(InProcessServerBuilder.forName(servers.get(name))
                    .addService(store(name))
                    .build()
                    .start());
        }
        var random = new Random(7);
        for (int i = 0; i < CHUNKS; i++) {
            byte[] key = new byte[32];
            random.nextBytes(key);
            keys.add(BlockKey.wrap(key));
            byte[] chunk = new byte[CHUNK_BYTES];
            random.nextBytes(chunk);
            chunks.add(chunk);
        }
        know(client);
    }

    @AfterEach
    void stop() {
        client.close();
        running.forEach(Server::shutdownNow);
    }

    private static void know(BlockStoreClient client) {
        client.setMembers(NAMES.stream().map(name -> new NodeTarget(name, name)).toList());
        var map = PartitionMap.newBuilder()
                .setVersion(new MapVersion(1, 1, 0).toMessage())
                .setPartitions(PARTITIONS)
                .addAllNodeIds(NAMES);
        for (int partition = 0; partition < PARTITIONS; partition++) {
            map.addOwners(primary(partition) + 1).addOwners(backup(partition) + 1);
        }
        client.setOwners(map.build());
    }

    private static int primary(int partition) {
        return partition % NAMES.size();
    }

    private static int backup(int partition) {
        return (partition + 1 + partition / NAMES.size() % (NAMES.size() - 1)) % NAMES.size();
    }

    private String primaryOf(int place) {
        return NAMES.get(primary(KeyPartition.of(keys.get(place), PARTITIONS)));
    }

    private String backupOf(int place) {
        return NAMES.get(backup(KeyPartition.of(keys.get(place), PARTITIONS)));
    }

    private boolean isOwnedBy(int place, String... names) {
        return Set.of(names).equals(Set.of(primaryOf(place), backupOf(place)));
    }

    private ScriptedStore store(String name) {
        ScriptedStore store = stores.get(name);
        if (store == null) {
            throw new AssertionError(name);
        }
        return store;
    }

    private List<ChunkSource> sources() {
        return IntStream.range(0, CHUNKS)
                .<ChunkSource>mapToObj(i -> new OffloadCargo.Staged(
                        keys.get(i), Chains.parent(keys, i), 64, BlockLabels.NONE, chunks.get(i)))
                .toList();
    }

    private static Set<Integer> placesOf(IntPredicate which) {
        return IntStream.range(0, CHUNKS).filter(which).boxed().collect(Collectors.toSet());
    }

    private Set<BlockKey> keysOf(IntPredicate which) {
        return Set.copyOf(
                IntStream.range(0, CHUNKS).filter(which).mapToObj(keys::get).toList());
    }

    private boolean isStored(int place) {
        return stores.values().stream().anyMatch(store -> store.blocks.containsKey(keys.get(place)));
    }

    @Test
    void chunksOfANodeGoInTheChainsOrderForEachPairOfOwners() {
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Stored(CHUNKS, 0));
        for (String name : NAMES) {
            for (String other : NAMES) {
                List<BlockKey> own = IntStream.range(0, CHUNKS)
                        .filter(place ->
                                primaryOf(place).equals(name) && backupOf(place).equals(other))
                        .mapToObj(keys::get)
                        .toList();
                assertThat(store(name).offered.stream().filter(own::contains)).isEqualTo(own);
            }
        }
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Stored(0, CHUNKS));
    }

    @Test
    void aNodeThatTakesNothingHoldsUpNobodyElse() {
        store("a").putFault = ScriptedStore.PutFault.TAKES_NOTHING;
        CompletableFuture<PutOutcome> put = CompletableFuture.supplyAsync(() -> client.put(sources()));
        await(
                "all others' to be stored",
                () -> IntStream.range(0, CHUNKS)
                        .allMatch(place -> isStored(place) != primaryOf(place).equals("a")));
        assertThat(put).as("it is waited for").isNotDone();
        client.close();
        // What it was to store may reach a backup whose channel is not closed yet.
        put.orTimeout(20, TimeUnit.SECONDS).join();
    }

    /** As one that hangs does with all nodes that are its blocks' other owners. */
    @Test
    void whatWaitsForAnOwnerThatHangsIsNotOfferedForAWhileAndAllElseIs() {
        IntPredicate waits = place -> isOwnedBy(place, "a", "b");
        NAMES.forEach(name -> store(name).ownerSilent = key -> waits.test(keys.indexOf(key)));
        int others = CHUNKS - keysOf(waits).size();
        assertThat(client.put(sources()))
                .isEqualTo(new PutOutcome.Failed(MissReason.OWNER_SILENT, others, 0, 0, placesOf(waits)));
        assertThat(IntStream.range(0, CHUNKS).filter(this::isStored))
                .hasSize(CHUNKS - keysOf(waits).size());
        assertThat(keysOf(waits)).hasSizeBetween(5, CHUNKS / 3);

        NAMES.forEach(name -> store(name).ownerSilent = key -> false);
        assertThat(client.put(sources()))
                .isEqualTo(new PutOutcome.Failed(MissReason.OWNER_SILENT, 0, others, 0, placesOf(waits)));
        assertThat(IntStream.range(0, CHUNKS).filter(waits)).noneMatch(this::isStored);
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_001));
        assertThat(client.put(sources()))
                .isEqualTo(new PutOutcome.Stored(
                        keysOf(waits).size(), CHUNKS - keysOf(waits).size()));
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Stored(0, CHUNKS));
        // Nobody else was blamed, nor left alone.
        assertThat(store("b").offered)
                .containsAll(keysOf(place -> primaryOf(place).equals("b")));
    }

    @Test
    void ownersThatHungAreNotWaitedForAsUsualTheNextTime() {
        client.close();
        client = client(30_000);
        know(client);
        IntPredicate waits = place -> isOwnedBy(place, "c", "d");
        NAMES.forEach(name -> store(name).ownerSilent = key -> waits.test(keys.indexOf(key)));
        client.put(sources());
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_001));
        NAMES.forEach(name -> store(name).waitsFor = store(name).ownerSilent);
        NAMES.forEach(name -> store(name).ownerSilent = key -> false);
        long begun = System.nanoTime();
        assertThat(client.put(sources()))
                .isEqualTo(new PutOutcome.Failed(
                        MissReason.OWNER_SILENT, 0, CHUNKS - keysOf(waits).size(), 0, placesOf(waits)));
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun))
                .as("a tenth of the time, not half")
                .isBetween(3_000L, 14_000L);
        // Nor does that speak against the nodes: once they answer, they are asked again.
        NAMES.forEach(name -> store(name).waitsFor = key -> false);
        nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_001));
        assertThat(client.put(sources())).isInstanceOf(PutOutcome.Stored.class);
        for (String name : NAMES) {
            assertThat(store(name).blocks.keySet())
                    .isEqualTo(keysOf(place -> primaryOf(place).equals(name)));
        }
    }

    /** They may have no more than a full region, for which a node waits longer than it is waited for to see. */
    @Test
    void everyFourthTimeTheyAreWaitedForAsUsual() {
        client.close();
        client = client(6_000);
        know(client);
        NAMES.forEach(name -> store(name).ownerSilent = key -> isOwnedBy(keys.indexOf(key), "c", "d"));
        for (int i = 0; i < 4; i++) {
            assertThat(client.put(sources())).isInstanceOf(PutOutcome.Failed.class);
            nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(1_001));
        }
        NAMES.forEach(name -> store(name).waitsFor = store(name).ownerSilent);
        NAMES.forEach(name -> store(name).ownerSilent = key -> false);
        long begun = System.nanoTime();
        assertThat(client.put(sources())).isInstanceOf(PutOutcome.Failed.class);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun))
                .as("half of the time, not a tenth")
                .isGreaterThanOrEqualTo(2_999);
    }

    @Test
    void whatIsNotSentForWantOfMemoryIsLeft() {
        for (int place : new int[] {0, CHUNKS / 2, CHUNKS - 1}) {
            stores.values().forEach(store -> store.blocks.clear());
            List<ChunkSource> sources = new ArrayList<>(sources());
            // Memory of the device, and of Java.
            sources.set(place, new Uncopied(sources.get(place), place == 0));
            PutOutcome outcome = client.put(sources);
            assertThat(outcome).isInstanceOf(PutOutcome.Failed.class);
            if (outcome instanceof PutOutcome.Failed failure) {
                assertThat(failure.reason()).isEqualTo(MissReason.LOCAL_FAILURE);
                assertThat(failure.stored() + failure.left().size()).isEqualTo(CHUNKS);
                assertThat(failure.left()).contains(place).containsAll(placesOf(other -> !isStored(other)));
            }
            assertThat(client.counters().nodeFailures()).isZero();
        }
    }

    /** A chunk for a copy of which there is no memory. */
    private record Uncopied(ChunkSource of, boolean onDevice) implements ChunkSource {
        @Override
        public BlockKey key() {
            return of.key();
        }

        @Override
        public Optional<BlockKey> parent() {
            return of.parent();
        }

        @Override
        public int tokens() {
            return of.tokens();
        }

        @Override
        public int bytes() {
            return of.bytes();
        }

        @Override
        public void copyTo(ByteBuffer target) {
            if (onDevice) {
                throw new OutOfDeviceMemoryException("no memory for a copy", null);
            }
            throw new OutOfMemoryError("no direct memory for a copy");
        }
    }

    /** What becomes of each chunk is a matter of its own owners, whatever the others do. */
    @Test
    void whateverNodesDoTheOutcomeIsTheSumOfItsChunks() {
        for (int seed = 0; seed < 60; seed++) {
            var random = new Random(seed);
            NAMES.forEach(name -> {
                store(name).blocks.clear();
                store(name).putFault =
                        random.nextInt(3) == 0 ? ScriptedStore.PutFault.FULL : ScriptedStore.PutFault.NONE;
            });
            String failing = random.nextBoolean() ? NAMES.get(random.nextInt(NAMES.size())) : "";
            if (!failing.isEmpty()) {
                store(failing).putFault = ScriptedStore.PutFault.FAILS;
            }
            boolean silence = random.nextInt(3) == 0;
            NAMES.forEach(name -> store(name).ownerSilent = key -> silence && isOwnedBy(keys.indexOf(key), "a", "c"));
            int stored = 0;
            int rejected = 0;
            Set<Integer> left = new HashSet<>();
            for (int place = 0; place < CHUNKS; place++) {
                String at = primaryOf(place).equals(failing) ? backupOf(place) : primaryOf(place);
                if (store(at).putFault == ScriptedStore.PutFault.FULL) {
                    rejected++;
                } else if (store(at).ownerSilent.test(keys.get(place))) {
                    left.add(place);
                } else {
                    stored++;
                }
            }
            try (BlockStoreClient fresh = client(60_000)) {
                know(fresh);
                PutOutcome outcome = fresh.put(sources());
                PutOutcome expected =
                        rejected > 0 ? new PutOutcome.Rejected(stored, 0, rejected) : new PutOutcome.Stored(stored, 0);
                if (outcome instanceof PutOutcome.Failed failure && !left.isEmpty()) {
                    // Which of two failures was the last is a matter of time.
                    assertThat(failure.reason()).isIn(MissReason.OWNER_SILENT, MissReason.NODE_FAILED);
                    expected = new PutOutcome.Failed(failure.reason(), stored, 0, rejected, left);
                }
                assertThat(outcome).as("seed %d", seed).isEqualTo(expected);
            }
            assertThat(IntStream.range(0, CHUNKS).filter(this::isStored))
                    .as("seed %d", seed)
                    .hasSize(stored);
        }
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(25);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as(what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }
}
