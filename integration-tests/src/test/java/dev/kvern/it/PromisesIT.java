package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.StatsResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What nodes promise of blocks that were stored, whatever becomes of one of them. */
@Timeout(300)
class PromisesIT {
    private static final int BYTES = 64 << 10;
    private static final int ROUNDS = 1;
    private static final int CHUNKS_OF_A_ROUND = 400;
    private static final int WRITERS = 3;
    private static final long FOUND_WITHIN_SECONDS = 60;

    @TempDir
    private Path directory;

    @Test
    void noStoredBlockIsLostWithAnyOneNode() throws InterruptedException {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        try (var cluster = NodeCluster.start(directory, 3, "backups=1");
                var client = new TierClient(cluster.addresses())) {
            var stored = new ArrayList<TestChunk>();
            for (int round = 0; round < ROUNDS; round++) {
                String when = "round " + round + " of seed " + seed;
                String first = anyOf(cluster.names(), random);
                var writing = new Writing(client, round);
                writing.awaitStored(1 + random.nextInt(CHUNKS_OF_A_ROUND - WRITERS), when);
                cluster.kill(first);
                client.nodes(cluster.addresses());
                stored.addAll(writing.awaitAll());
                allFound(client, stored, when + ", after " + first + " was killed during writes");
                cluster.awaitSettled();

                // Blocks move to the node that comes back: another one goes meanwhile, or this one once more.
                cluster.restart(first);
                var more = new Writing(client, ROUNDS + round);
                more.awaitStored(1 + random.nextInt(CHUNKS_OF_A_ROUND - WRITERS), when);
                String second = anyOf(cluster.names(), random);
                cluster.kill(second);
                client.nodes(cluster.addresses());
                stored.addAll(more.awaitAll());
                allFound(client, stored, when + ", after " + second + " was killed while blocks moved to " + first);
                cluster.awaitSettled();

                cluster.restart(second);
                client.nodes(cluster.addresses());
                cluster.awaitSettled();
                assertThat(cluster.stats(second).getPrimaryBlocks())
                        .as("blocks of %s, which is back", second)
                        .isPositive();
            }
            assertThat(cluster.names().stream().map(cluster::counters)).allMatch(c -> c.getEvictedBlocks() == 0);
        }
    }

    private static String anyOf(List<String> names, Random random) {
        return names.get(random.nextInt(names.size()));
    }

    private static void allFound(TierClient client, List<TestChunk> chunks, String when) {
        assertThat(chunks.stream().filter(chunk -> !foundInTime(client, chunk)))
                .as("chunks of %d that were stored and are not found: %s", chunks.size(), when)
                .isEmpty();
    }

    private static boolean foundInTime(TierClient client, TestChunk chunk) {
        try {
            client.millisUntilFound(chunk, FOUND_WITHIN_SECONDS);
            return true;
        } catch (AssertionError e) {
            return false;
        }
    }

    /** Stores a round's chunks, each again until a node says that it is stored, as a caller would. */
    private static final class Writing {
        private final List<Thread> threads = new ArrayList<>();
        private final Queue<TestChunk> stored = new ConcurrentLinkedQueue<>();
        private final AtomicInteger next = new AtomicInteger();

        Writing(TierClient client, int set) {
            for (int i = 0; i < WRITERS; i++) {
                var thread = new Thread(() -> write(client, set), "writer-" + i);
                thread.setDaemon(true);
                threads.add(thread);
                thread.start();
            }
        }

        private void write(TierClient client, int set) {
            for (int number = next.getAndIncrement(); number < CHUNKS_OF_A_ROUND; number = next.getAndIncrement()) {
                TestChunk chunk = TestChunk.of(set, number, BYTES);
                Await.until("a node to store " + chunk, 60, () -> client.put(chunk), done -> done);
                stored.add(chunk);
            }
        }

        void awaitStored(int count, String when) {
            Await.until(count + " chunks to be stored in " + when, 60, stored::size, size -> size >= count);
        }

        List<TestChunk> awaitAll() throws InterruptedException {
            for (Thread thread : threads) {
                thread.join();
            }
            assertThat(stored).hasSize(CHUNKS_OF_A_ROUND);
            return List.copyOf(stored);
        }
    }

    @Test
    void aSecondPutIsNoneAndTheFirstCompleteOneStays() throws InterruptedException {
        try (var cluster = NodeCluster.start(directory, 2, "backups=1");
                var client = new TierClient(TierClient.PATIENT, cluster.addresses())) {
            TestChunk chunk = TestChunk.of(1, 1, BYTES);
            assertThat(client.outcomeOfPut(chunk)).isEqualTo(new PutOutcome.Stored(1, 0));
            assertThat(client.outcomeOfPut(chunk)).isEqualTo(new PutOutcome.Stored(0, 1));
            assertThat(client.holds(chunk)).isTrue();

            for (int round = 0; round < 10; round++) {
                // One key, and as many different bytes as writers, at both nodes at once.
                TestChunk named = TestChunk.of(2, round, BYTES);
                List<TestChunk.Renamed> rivals = IntStream.range(0, 6)
                        .mapToObj(i -> new TestChunk.Renamed(TestChunk.of(3, i, BYTES), named))
                        .toList();
                var newly = new AtomicInteger();
                var threads = new ArrayList<Thread>();
                for (TestChunk.Renamed rival : rivals) {
                    var thread = new Thread(() -> {
                        if (client.outcomeOfPut(rival) instanceof PutOutcome.Stored done) {
                            newly.addAndGet(done.stored());
                        }
                    });
                    threads.add(thread);
                    thread.start();
                }
                for (Thread thread : threads) {
                    thread.join();
                }
                assertThat(newly).as("puts of one key that were new").hasValue(1);
                var seen = new ArrayList<byte[]>();
                for (String node : cluster.names()) {
                    try (var one = new TierClient(TierClient.PATIENT, List.of(cluster.address(node)))) {
                        seen.add(one.read(named.key(), BYTES).orElseThrow());
                    }
                }
                assertThat(seen.get(0)).isEqualTo(seen.get(1));
                assertThat(rivals.stream().map(rival -> rival.content().payload()))
                        .as("whole, of one writer")
                        .anyMatch(payload -> Arrays.equals(payload, seen.get(0)));
            }
        }
    }

    /** Stored means at the backup too, for whoever is told so. */
    @Test
    void aSecondPutIsNotToldThatABlockIsStoredBeforeItsBackupHasIt() throws InterruptedException {
        try (var cluster = NodeCluster.start(directory, 2, "backups=1", "ignite.failure_detection_millis=60000")) {
            TestChunk warm = TestChunk.of(4, 0, BYTES);
            TestChunk chunk = TestChunk.of(4, 1, BYTES);
            try (var client = new TierClient(cluster.addresses())) {
                assertThat(client.put(warm)).isTrue();
            }
            String primary = CacheAdminServiceGrpc.newBlockingStub(
                            cluster.client("node-a").channel())
                    .lookup(LookupRequest.newBuilder()
                            .addKeys(chunk.key().toByteString())
                            .build())
                    .getPlaces(0)
                    .getPrimaryNodeId();
            String backup = primary.equals("node-a") ? "node-b" : "node-a";
            long before = cluster.stats(primary).getPrimaryBlocks();
            try (var client = new TierClient(List.of(cluster.address(primary)))) {
                cluster.process(backup).pause();
                var outcome = new AtomicReference<PutOutcome>();
                var first = new Thread(() -> outcome.set(client.outcomeOfPut(chunk)));
                first.start();
                Await.until(
                        "the primary owner to have the block",
                        60,
                        () -> cluster.stats(primary).getPrimaryBlocks(),
                        blocks -> blocks > before);
                assertThat(client.outcomeOfPut(chunk)).isInstanceOf(PutOutcome.Failed.class);
                first.join();
                assertThat(outcome.get()).isInstanceOf(PutOutcome.Failed.class);

                cluster.process(backup).resume();
                Await.until("the block to be stored", 60, () -> client.put(chunk), done -> done);
            }
            assertThat(cluster.stats(backup).getBackupBlocks()
                            + cluster.stats(primary).getBackupBlocks())
                    .isEqualTo(2);
            cluster.kill(primary);
            try (var client = new TierClient(cluster.addresses())) {
                client.millisUntilFound(chunk, FOUND_WITHIN_SECONDS);
            }
        }
    }

    @Test
    void aNodeWhoseRegionIsFullEvictsAndKeepsServing() throws InterruptedException {
        long region = 32L << 20;
        int bytes = 256 << 10;
        // Those being written together are half of what the region holds beside Ignite's own pages, some 53 blocks:
        // none is the oldest for long, unless its writer gets no processor while the others go on.
        int chains = 160;
        int length = (int) (10 * region / bytes / chains);
        int heldForSure = 40;
        try (var cluster = NodeCluster.start(
                        directory,
                        2,
                        "backups=1",
                        "memory.region_bytes=" + region,
                        "memory.max_block_bytes=" + (1 << 20));
                var client = new TierClient(cluster.addresses())) {
            var most = new AtomicLong();
            var next = new AtomicInteger();
            var stored = new AtomicInteger();
            var looked = new AtomicInteger();
            var failures = new ConcurrentLinkedQueue<Throwable>();
            var writers = new ArrayList<Thread>();
            for (int i = 0; i < WRITERS; i++) {
                var writer = new Thread(() -> {
                    for (int chain = next.getAndIncrement(); chain < chains; chain = next.getAndIncrement()) {
                        int before = stored.get();
                        for (int depth = 0; depth < length; depth++) {
                            TestChunk chunk = new TestChunk(chain, depth, depth - 1, bytes);
                            // May be refused while the region is full: then it is to be tried again.
                            Await.until("a node to store " + chunk, 60, () -> client.put(chunk), done -> done);
                            stored.incrementAndGet();
                        }
                        int meanwhile = stored.get() - before;
                        if (meanwhile <= heldForSure) {
                            looked.incrementAndGet();
                            assertThat(foundInTime(client, new TestChunk(chain, 0, -1, bytes)))
                                    .as(
                                            "the start of chain %d, since which %d blocks were stored, is found",
                                            chain, meanwhile)
                                    .isTrue();
                        }
                    }
                });
                writer.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
                writers.add(writer);
                writer.start();
            }
            for (Thread writer : writers) {
                while (writer.isAlive()) {
                    writer.join(50);
                    cluster.names()
                            .forEach(node ->
                                    most.accumulateAndGet(cluster.stats(node).getUsedBytes(), Math::max));
                }
            }
            assertThat(failures).isEmpty();
            assertThat(looked.get()).as("chains that were looked for").isPositive();
            assertThat(most.get()).as("bytes in use").isPositive().isLessThanOrEqualTo(region);
            List<StatsResponse> all =
                    cluster.names().stream().map(cluster::stats).toList();
            assertThat(all).allMatch(stats -> stats.getCounters().getEvictedBlocks() > 0);
            assertThat(sum(all, stats -> stats.getCounters().getHeldBackBlocks()))
                    .as("blocks that waited for room")
                    .isPositive();
            // What Ignite had evicted by itself, at random, would be in neither count.
            assertThat(sum(all, stats -> stats.getCounters().getEvictedBlocks() + stats.getPrimaryBlocks()))
                    .as("blocks evicted in their order, and held")
                    .isGreaterThanOrEqualTo(
                            sum(all, stats -> stats.getCounters().getPutStored()) * 99 / 100);
        }
    }

    private static long sum(List<StatsResponse> all, ToLongFunction<StatsResponse> figure) {
        return all.stream().mapToLong(figure).sum();
    }
}
