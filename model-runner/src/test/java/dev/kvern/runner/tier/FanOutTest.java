package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.cluster.KeyPartition;
import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.PartitionMap;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.MethodDescriptor;
import io.grpc.Server;
import io.grpc.inprocess.InProcessChannelBuilder;
import io.grpc.inprocess.InProcessServerBuilder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** A chain spread over three nodes, of which each owns a third of the keys and is the backup for another third. */
@Timeout(60)
class FanOutTest {
    private static final int CHUNK_BYTES = 1_000;
    private static final int CHUNKS = 40;
    private static final int PARTITIONS = 24;
    private static final List<String> NAMES = List.of("a", "b", "c");

    /** No call is to end because this machine is busy. */
    private static final TierOptions PATIENT = new TierOptions(40_000, 40_000, 40_000, 256, 2, 1_000);

    /** Where a node is to be given up that stalls: it has half of the time, and so has the next. */
    private static final TierOptions STALLED = new TierOptions(8_000, 8_000, 8_000, 256, 2, 1_000);

    private final Map<String, ScriptedStore> stores = new TreeMap<>();
    private final Map<String, String> servers = new TreeMap<>();
    private final List<Server> running = new ArrayList<>();
    private final List<BlockKey> keys = new ArrayList<>();
    private final List<byte[]> chunks = new ArrayList<>();
    private BlockStoreClient client = client(PATIENT, HostAllocator.DIRECT);

    private BlockStoreClient client(TierOptions options, HostAllocator allocator, ClientInterceptor... interceptors) {
        return new BlockStoreClient(
                options,
                name -> InProcessChannelBuilder.forName(servers.getOrDefault(name, "nobody"))
                        .intercept(interceptors)
                        .build(),
                () -> 1,
                allocator);
    }

    /** Puts another client in the place of the one at hand. */
    private void use(BlockStoreClient other) {
        client.close();
        client = other;
        know(client);
    }

    /** From now on a node that stalls is given up. */
    private void giveUpWhoStalls() {
        use(client(STALLED, HostAllocator.DIRECT));
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
        var random = new Random(5);
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
        client.setOwners(map(1, 0));
    }

    /** The primary owner of partition p is node p + shift, its backup the one after. */
    private static PartitionMap map(int topology, int shift) {
        var map = PartitionMap.newBuilder()
                .setVersion(new MapVersion(1, topology, 0).toMessage())
                .setPartitions(PARTITIONS)
                .addAllNodeIds(NAMES);
        for (int partition = 0; partition < PARTITIONS; partition++) {
            map.addOwners((partition + shift) % 3 + 1).addOwners((partition + shift + 1) % 3 + 1);
        }
        return map.build();
    }

    private String owner(int place, int shift) {
        return NAMES.get((KeyPartition.of(keys.get(place), PARTITIONS) + shift) % 3);
    }

    private List<BlockKey> ownedBy(String name) {
        return ownedBy(name, 0);
    }

    private List<BlockKey> ownedBy(String name, int shift) {
        return IntStream.range(0, CHUNKS)
                .filter(place -> owner(place, shift).equals(name))
                .mapToObj(keys::get)
                .toList();
    }

    private ScriptedStore store(String name) {
        ScriptedStore store = stores.get(name);
        if (store == null) {
            throw new AssertionError(name);
        }
        return store;
    }

    /** Every block at its owner, and at its backup too if that is wanted. */
    private void fill(boolean backups) {
        for (int i = 0; i < CHUNKS; i++) {
            store(owner(i, 0)).blocks.put(keys.get(i), chunks.get(i));
            if (backups) {
                store(owner(i, 1)).blocks.put(keys.get(i), chunks.get(i));
            }
        }
    }

    @Test
    void eachKeyIsAskedOfItsOwnerAndAllArriveInOrder() {
        fill(false);
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        arrived.assertChunks(CHUNKS);
        for (String name : NAMES) {
            assertThat(store(name).asked).as(name).isEqualTo(ownedBy(name)).hasSizeGreaterThan(5);
        }
        assertThat(client.counters().fetchedChunks()).isEqualTo(CHUNKS);
        noBufferStays();
    }

    @Test
    void aMissInTheMiddleOfALaneEndsTheChainThere() {
        fill(true);
        for (int missing : new int[] {0, 1, 17, CHUNKS - 1}) {
            NAMES.forEach(name -> store(name).blocks.remove(keys.get(missing)));
            var arrived = new Arrived();
            assertThat(fetch(arrived)).isEqualTo(FetchOutcome.of(missing, MissReason.NOT_STORED));
            arrived.assertChunks(missing);
            fill(true);
        }
        assertThat(client.counters().fetchFailures()).isZero();
        assertThat(client.counters().nodeFailures()).isZero();
        noBufferStays();
    }

    @ParameterizedTest
    @EnumSource(
            value = ScriptedStore.Fault.class,
            names = {"NONE"},
            mode = EnumSource.Mode.EXCLUDE)
    void whatAFailingNodeDoesNotBringComesFromTheBackup(ScriptedStore.Fault fault) {
        fill(true);
        if (fault == ScriptedStore.Fault.SILENT || fault == ScriptedStore.Fault.STALLS_IN_A_CHUNK) {
            giveUpWhoStalls();
        }
        store("a").fault = fault;
        store("a").goodChunks = 3;
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        arrived.assertChunks(CHUNKS);
        // It brought the first three of its own or nothing; and nobody else did anything wrong.
        List<BlockKey> rest = store("b").asked.stream()
                .filter(key -> ownedBy("a").contains(key))
                .toList();
        assertThat(rest).hasSizeBetween(ownedBy("a").size() - 4, ownedBy("a").size());
        assertThat(store("c").asked).isEqualTo(ownedBy("c"));
        assertThat(client.counters().nodeFailures()).isEqualTo(1);
        assertThat(client.counters().fetchFailures()).isZero();
        noBufferStays();
    }

    /** Any node answers for any key. */
    @Test
    void whatNeitherOwnerBringsComesFromAnyNode() {
        fill(true);
        keys.forEach(key -> store("c").blocks.put(key, chunks.get(keys.indexOf(key))));
        store("a").fault = ScriptedStore.Fault.FAILS;
        store("b").fault = ScriptedStore.Fault.FAILS_AFTER_ONE;
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        arrived.assertChunks(CHUNKS);
    }

    /** What came before is used, and no more. */
    @Test
    void whatNobodyBringsEndsTheChain() {
        fill(false);
        NAMES.forEach(name -> store(name).fault = ScriptedStore.Fault.FAILS_AFTER_ONE);
        NAMES.forEach(name -> store(name).goodChunks = 2);
        var arrived = new Arrived();
        FetchOutcome outcome = fetch(arrived);
        assertThat(outcome).isInstanceOf(FetchOutcome.PartialHit.class);
        arrived.assertChunks(outcome.chunks());
        assertThat(outcome.chunks()).isLessThan(CHUNKS);
        noBufferStays();
    }

    @Test
    void aSickNodesKeysGoToTheirBackupAtOnce() {
        fill(true);
        store("a").fault = ScriptedStore.Fault.FAILS;
        fetch(new Arrived());
        fetch(new Arrived());
        store("a").asked.clear();
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(store("a").asked).isEmpty();
    }

    @Test
    void keysOfANodeThatNobodyKnowsGoToTheirBackup() {
        fill(true);
        client.setMembers(List.of(new NodeTarget("b", "b"), new NodeTarget("c", "c")));
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(store("b").asked).containsAll(ownedBy("a")).containsAll(ownedBy("b"));
        assertThat(store("c").asked).isEqualTo(ownedBy("c"));
        // And of nodes known by address alone any is asked, for all.
        keys.forEach(key -> store("a").blocks.put(key, chunks.get(keys.indexOf(key))));
        client.setNodes(List.of("a"));
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(store("a").asked).isEqualTo(keys);
    }

    @Test
    void aMapThatComesWithAnAnswerIsTakenOver() {
        fill(true);
        keys.forEach(key -> NAMES.forEach(name -> store(name).blocks.put(key, chunks.get(keys.indexOf(key)))));
        store("b").map = map(2, 1);
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        store("a").asked.clear();
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(store("a").asked).isEqualTo(ownedBy("a", 1));

        store("b").map = map(3, 2);
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
        store("a").asked.clear();
        fetch(new Arrived());
        assertThat(store("a").asked).isEqualTo(ownedBy("a", 2));

        store("b").map = map(4, 0);
        client.put(sources());
        store("a").asked.clear();
        fetch(new Arrived());
        assertThat(store("a").asked).isEqualTo(ownedBy("a"));

        // One of another cluster is not, but if the coordinator names it.
        PartitionMap other = map(1, 1).toBuilder()
                .setVersion(new MapVersion(2, 1, 0).toMessage())
                .build();
        store("c").map = other;
        fetch(new Arrived());
        store("a").asked.clear();
        fetch(new Arrived());
        assertThat(store("a").asked).isEqualTo(ownedBy("a"));
        client.setOwners(other);
        store("a").asked.clear();
        fetch(new Arrived());
        assertThat(store("a").asked).isEqualTo(ownedBy("a", 1));
        client.setOwners(map(4, 0));

        // Older ones, and those that contradict themselves, are not.
        client.setOwners(map(3, 1));
        client.setOwners(map(5, 1).toBuilder().setOwners(7, 9).build());
        store("a").asked.clear();
        fetch(new Arrived());
        assertThat(store("a").asked).isEqualTo(ownedBy("a"));
    }

    @Test
    void aSlowSinkHoldsNoMoreThanTwoChunksForEachNode() {
        fill(false);
        int most = 2 * NAMES.size();
        // Beside the one at the sink those behind it, if their stream's thread is not the one that the sink keeps.
        int ahead = (int) IntStream.rangeClosed(1, most - 2)
                .filter(place -> !owner(place, 0).equals(owner(0, 0)))
                .count();
        assertThat(ahead).isPositive();
        var held = new AtomicInteger();
        FetchOutcome outcome = client.fetch(keys, CHUNK_BYTES, (place, payload) -> {
                    if (place == 0) {
                        await("streams to go on while the sink is busy", () -> client.lentBuffers() == 1 + ahead);
                    }
                    held.accumulateAndGet(client.lentBuffers(), Math::max);
                })
                .outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(outcome).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        assertThat(held).hasValueBetween(1 + ahead, most);
        noBufferStays();
    }

    @Test
    void oneNodeAloneNeedsOneBuffer() {
        keys.forEach(key -> store("a").blocks.put(key, chunks.get(keys.indexOf(key))));
        client.setMembers(List.of(new NodeTarget("a", "a")));
        FetchOutcome outcome = client.fetch(keys, CHUNK_BYTES, (place, payload) -> {
                    assertThat(client.lentBuffers()).isEqualTo(1);
                })
                .outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
        assertThat(outcome).isEqualTo(new FetchOutcome.Hit(CHUNKS));
    }

    @Test
    void withMemoryForFewChunksNodesTakeTurns() {
        fill(false);
        for (int room = 1; room <= 3; room++) {
            var left = new AtomicInteger(room);
            use(client(PATIENT, bytes -> {
                if (left.decrementAndGet() < 0) {
                    throw new OutOfMemoryError("no more than there is");
                }
                return ByteBuffer.allocateDirect(bytes);
            }));
            var arrived = new Arrived();
            assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(CHUNKS));
            arrived.assertChunks(CHUNKS);
            noBufferStays();
        }
    }

    @Test
    void whoWaitsForAStalledNodeIsNotBlamed() {
        fill(true);
        giveUpWhoStalls();
        store("a").fault = ScriptedStore.Fault.SILENT;
        var arrived = new Arrived();
        assertThat(fetch(arrived)).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        arrived.assertChunks(CHUNKS);
        assertThat(client.counters().nodeFailures()).isEqualTo(1);
    }

    @Test
    void aCancelledFetchGivesAllBack() {
        fill(true);
        store("a").fault = ScriptedStore.Fault.STALLS_IN_A_CHUNK;
        var arrived = new Arrived();
        Fetch fetch = client.fetch(keys, CHUNK_BYTES, arrived);
        await("others to have gone ahead", () -> client.lentBuffers() > 1);
        fetch.cancel();
        FetchOutcome outcome = fetch.outcome().join();
        arrived.assertChunks(outcome.chunks());
        noBufferStays();
        arrived.assertChunks(outcome.chunks());
    }

    @Test
    void putsGoToTheOwnersParentsFirst() {
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Stored(CHUNKS, 0));
        for (String name : NAMES) {
            assertThat(store(name).offered).as(name).isEqualTo(ownedBy(name));
        }
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Stored(0, CHUNKS));
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
    }

    @Test
    void whatAnOwnerFailsToStoreGoesToItsBackup() {
        store("a").putFault = ScriptedStore.PutFault.FAILS;
        assertThat(client.put(sources())).isInstanceOf(PutOutcome.Stored.class);
        assertThat(store("b").blocks.keySet()).containsAll(ownedBy("a")).containsAll(ownedBy("b"));
        assertThat(store("c").blocks.keySet()).containsExactlyInAnyOrderElementsOf(ownedBy("c"));
        assertThat(client.counters().nodeFailures()).isEqualTo(1);
        NAMES.forEach(name -> store(name).putFault = ScriptedStore.PutFault.FAILS);
        assertThat(client.put(sources())).isEqualTo(PutOutcome.Failed.ofAll(MissReason.NODE_FAILED, CHUNKS));
    }

    @Test
    void whatAnOwnerHasNoRoomForIsOfferedToNobodyElse() {
        store("a").putFault = ScriptedStore.PutFault.FULL;
        int refused = ownedBy("a").size();
        assertThat(client.put(sources())).isEqualTo(new PutOutcome.Rejected(CHUNKS - refused, 0, refused));
        for (String name : List.of("b", "c")) {
            assertThat(store(name).blocks.keySet()).as(name).containsExactlyInAnyOrderElementsOf(ownedBy(name));
        }
    }

    @Test
    void aPutDoesNotWaitForAStalledOwnerUntilItsDeadline() {
        store("a").putFault = ScriptedStore.PutFault.SILENT;
        // Calls without a deadline: whatever ends this one, its deadline does not.
        use(client(STALLED, HostAllocator.DIRECT, new ClientInterceptor() {
            @Override
            public <A, B> ClientCall<A, B> interceptCall(
                    MethodDescriptor<A, B> method, CallOptions options, Channel next) {
                return next.newCall(method, options.withDeadline(null));
            }
        }));
        long begun = System.nanoTime();
        assertThat(client.put(sources())).isInstanceOf(PutOutcome.Stored.class);
        assertThat(TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begun))
                .isGreaterThanOrEqualTo(STALLED.putTimeoutMillis() / 2);
        assertThat(store("b").blocks.keySet()).containsAll(ownedBy("a"));
        assertThat(client.counters().nodeFailures()).isEqualTo(1);
    }

    @Test
    void aNodeThatWaitsInVainForAnOwnerIsWell() {
        fill(true);
        NAMES.forEach(name -> store(name).putFault = ScriptedStore.PutFault.OWNER_SILENT);
        for (int i = 0; i < 3; i++) {
            assertThat(client.put(sources())).isEqualTo(PutOutcome.Failed.ofAll(MissReason.OWNER_SILENT, CHUNKS));
        }
        assertThat(client.counters().nodeFailures()).isPositive();
        NAMES.forEach(name -> store(name).asked.clear());
        assertThat(fetch(new Arrived())).isEqualTo(new FetchOutcome.Hit(CHUNKS));
        for (String name : NAMES) {
            assertThat(store(name).asked).as(name).isEqualTo(ownedBy(name));
        }
    }

    @Test
    void aMatchAsksEachOwnerForItsPartAndEndsAtTheFirstHole() {
        fill(true);
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
        for (String name : NAMES) {
            assertThat(store(name).matched).as(name).isEqualTo(ownedBy(name));
        }
        for (int missing : new int[] {CHUNKS - 1, 23, 8, 0}) {
            // The last one that is missing is not the first hole any more, as others follow.
            NAMES.forEach(name -> store(name).blocks.remove(keys.get(missing)));
            assertThat(client.match(keys)).isEqualTo(OptionalInt.of(missing));
            assertThat(client.matchLater(keys).orTimeout(20, TimeUnit.SECONDS).join())
                    .isEqualTo(OptionalInt.of(missing));
        }
        fill(true);
        store("a").fault = ScriptedStore.Fault.FAILS;
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
        assertThat(client.matchLater(keys).orTimeout(20, TimeUnit.SECONDS).join())
                .isEqualTo(OptionalInt.of(CHUNKS));
    }

    @Test
    void aMatchDoesNotWaitForAStalledOwnerUntilItsDeadline() {
        fill(true);
        giveUpWhoStalls();
        store("a").fault = ScriptedStore.Fault.SILENT;
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
        assertThat(store("b").matched).containsAll(ownedBy("a"));
        assertThat(client.counters().nodeFailures()).isEqualTo(1);
        // Its backup stalls too: any node is asked, and what it lacks is not stored for us.
        store("b").fault = ScriptedStore.Fault.SILENT;
        keys.forEach(key -> store("c").blocks.put(key, chunks.get(keys.indexOf(key))));
        assertThat(client.match(keys)).isEqualTo(OptionalInt.of(CHUNKS));
    }

    @Test
    void aMatchThatNobodyAnswersKnowsNothing() {
        fill(true);
        use(client(new TierOptions(1_000, 1_000, 1_000, 256, 2, 1_000), HostAllocator.DIRECT));
        for (var fault : List.of(ScriptedStore.Fault.SILENT, ScriptedStore.Fault.FAILS)) {
            NAMES.forEach(name -> store(name).fault = fault);
            assertThat(client.match(keys)).as("%s", fault).isEmpty();
        }
    }

    private FetchOutcome fetch(Arrived arrived) {
        return client.fetch(keys, CHUNK_BYTES, arrived)
                .outcome()
                .orTimeout(20, TimeUnit.SECONDS)
                .join();
    }

    /** A lane that was ended in the middle of a message gives its buffer back a moment later. */
    private void noBufferStays() {
        await("all buffers to be given back", () -> client.lentBuffers() == 0);
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).as(what).isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
        }
    }

    private List<ChunkSource> sources() {
        return IntStream.range(0, CHUNKS)
                .<ChunkSource>mapToObj(i -> new OffloadCargo.Staged(
                        keys.get(i), Chains.parent(keys, i), 64, BlockLabels.NONE, chunks.get(i)))
                .toList();
    }

    /** Checks that chunks come once, in order and whole. */
    private final class Arrived implements ChunkSink {
        private int count;

        @Override
        public synchronized void accept(int index, ByteBuffer payload) {
            assertThat(index).isEqualTo(count);
            assertThat(payload).isEqualTo(ByteBuffer.wrap(chunks.get(index)));
            count++;
        }

        synchronized void assertChunks(int expected) {
            assertThat(count).isEqualTo(expected);
        }
    }
}
