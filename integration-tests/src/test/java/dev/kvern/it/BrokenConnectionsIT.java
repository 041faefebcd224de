package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.runner.tier.TierOptions;
import java.io.File;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Connections that break or stand still, and a node that does: callers get whole blocks or misses, in time. */
@Timeout(180)
class BrokenConnectionsIT {
    private static final int BYTES = 4 << 20;
    private static final long LIMIT_SECONDS = 30;
    private static final int DEADLINE_MILLIS = 1_000;

    /** What a busy machine may add to a deadline: far less than it would take without one. */
    private static final long LATE_MILLIS = 15_000;

    private static final long RECEIVING_BYTES = 16L << 20;

    /** No more than one call would read ahead, if it were let. */
    private static final long SENDING_BYTES = 8L * BYTES;

    @TempDir
    private static Path directory;

    private static NodeCluster cluster;

    /** Between callers and node-a. */
    private static SlowNetwork network;

    private static String slow;
    private static String direct;

    @BeforeAll
    static void start() {
        // Nobody is to be counted as lost here.
        cluster = NodeCluster.start(
                directory,
                2,
                "backups=1",
                "ignite.failure_detection_millis=60000",
                "memory.max_block_bytes=" + (8 << 20),
                "limits.receiving_bytes=" + RECEIVING_BYTES,
                "limits.sending_bytes=" + SENDING_BYTES);
        network = new SlowNetwork(cluster.port("node-a"));
        slow = SlowNetwork.HOST + ":" + cluster.port("node-a");
        direct = cluster.address("node-b");
    }

    @AfterAll
    static void stop() {
        if (network != null) {
            network.close();
        }
        cluster.close();
    }

    @AfterEach
    void mend() {
        network.mend();
        network.bytesPerSecond(SlowNetwork.FAST);
    }

    /** A client that gives up after a deadline, and leaves no node alone. */
    private static TierClient client(int deadlineMillis, String... nodes) {
        return new TierClient(
                new TierOptions(deadlineMillis, 500, 10_000, 256 << 10, Integer.MAX_VALUE, 1_000), List.of(nodes));
    }

    private static TestChunk stored(int number) {
        TestChunk chunk = TestChunk.of(10, number, BYTES);
        try (var client = client(10_000, cluster.addresses().toArray(String[]::new))) {
            assertThat(client.put(chunk)).isTrue();
        }
        return chunk;
    }

    @Test
    void aGetThatIsCutGoesOnAtAnotherNodeOrIsAMiss() {
        TestChunk chunk = stored(1);
        try (var both = client(20_000, slow, direct);
                var one = client(20_000, slow)) {
            for (long bytes : List.of(100L, 1L << 20, BYTES - 1_000L)) {
                int before = network.cuts();
                // In turn: every second one begins at the node whose connections are cut.
                for (int i = 0; i < 4; i++) {
                    network.cutAfterAnswers(bytes);
                    assertThat(both.holds(chunk))
                            .as("cut after %d bytes", bytes)
                            .isTrue();
                }
                assertThat(network.cuts()).isGreaterThan(before);
                network.cutAfterAnswers(bytes);
                assertThat(one.read(chunk.key(), BYTES))
                        .as("cut after %d bytes", bytes)
                        .isEmpty();
            }
            network.mend();
            assertThat(one.holds(chunk)).isTrue();
        }
    }

    @Test
    void aPutThatIsCutLeavesNothing() {
        long before = blocks();
        // More in all than may be received at a time: what has come of a block that is cut is given back.
        int puts = (int) (2 * RECEIVING_BYTES / BYTES) + 2;
        try (var client = client(20_000, slow)) {
            int cuts = network.cuts();
            for (int i = 0; i < puts; i++) {
                TestChunk chunk = TestChunk.of(11, i, BYTES);
                network.cutAfterQuestions(BYTES / 2);
                assertThat(client.outcomeOfPut(chunk)).isInstanceOf(PutOutcome.Failed.class);
                assertThat(network.cuts()).isEqualTo(cuts + i + 1);
            }
            network.mend();
            try (var other = client(20_000, direct)) {
                assertThat(other.holds(TestChunk.of(11, 0, BYTES))).isFalse();
            }
            assertThat(blocks()).isEqualTo(before);
            assertThat(client.outcomeOfPut(TestChunk.of(11, 0, BYTES))).isEqualTo(new PutOutcome.Stored(1, 0));
        }
    }

    @Test
    void aCallerThatIsKilledInTheMiddleOfAPutLeavesNothing() {
        long before = blocks();
        long received = cluster.counters("node-a").getReceivedBytes();
        TestChunk chunk = TestChunk.of(12, 1, BYTES);
        String classes = HalfAPut.class
                .getProtectionDomain()
                .getCodeSource()
                .getLocation()
                .getPath();
        ServiceProcess caller = new ServiceStarter(Source.CLASS_PATH + File.pathSeparator + classes, directory)
                .startMain(
                        "caller",
                        HalfAPut.class.getName(),
                        List.of("-Xmx64m"),
                        List.of(
                                cluster.address("node-a"),
                                String.valueOf(chunk.set()),
                                String.valueOf(chunk.number()),
                                String.valueOf(chunk.bytes())));
        caller.awaitReady();
        Await.until(
                "half of the chunk to arrive",
                LIMIT_SECONDS,
                () -> cluster.counters("node-a").getReceivedBytes(),
                bytes -> bytes >= received + BYTES / 2);
        caller.kill();
        try (var client = client(20_000, cluster.addresses().toArray(String[]::new))) {
            assertThat(client.holds(chunk)).isFalse();
            assertThat(blocks()).isEqualTo(before);
            assertThat(client.outcomeOfPut(chunk)).isEqualTo(new PutOutcome.Stored(1, 0));
            assertThat(client.holds(chunk)).isTrue();
        }
    }

    @Test
    void aSlowOrStalledNodeDelaysAGetByTheDeadlineAtMost() {
        TestChunk chunk = stored(2);
        for (long speed : List.of(SlowNetwork.STALLED, 100_000L)) {
            network.bytesPerSecond(speed);
            try (var client = client(DEADLINE_MILLIS, slow)) {
                long asked = System.nanoTime();
                FetchOutcome outcome = client.fetch(chunk);
                long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - asked);
                assertThat(outcome).isInstanceOf(FetchOutcome.Miss.class);
                assertThat(millis)
                        .as("at %d bytes/s", speed)
                        .isBetween(DEADLINE_MILLIS / 2L, DEADLINE_MILLIS + LATE_MILLIS);
            }
            try (var client = client(6 * DEADLINE_MILLIS, slow, direct)) {
                assertThat(client.holds(chunk))
                        .as("with another node, at %d bytes/s", speed)
                        .isTrue();
                assertThat(client.holds(chunk))
                        .as("with another node, at %d bytes/s", speed)
                        .isTrue();
            }
        }
    }

    @Test
    void aCallerWhoTakesNothingHoldsUpNoOther() {
        List<TestChunk> chunks =
                IntStream.range(20, 32).mapToObj(BrokenConnectionsIT::stored).toList();
        try (var stalled = client(60_000, slow);
                var other = client(5_000, cluster.address("node-a"))) {
            // A node reckons with blocks as large as the largest that it has sent.
            chunks.forEach(chunk -> assertThat(other.holds(chunk)).isTrue());
            long before = network.answerBytes();
            network.bytesPerSecond(BYTES);
            CompletableFuture<FetchOutcome> outcome = stalled.fetchAll(chunks);
            Await.until("the first answers", LIMIT_SECONDS, network::answerBytes, bytes -> bytes > before);
            network.bytesPerSecond(SlowNetwork.STALLED);
            for (TestChunk chunk : chunks) {
                assertThat(other.holds(chunk))
                        .as("%s while another caller takes nothing", chunk)
                        .isTrue();
            }
            assertThat(outcome).isNotDone();
            network.bytesPerSecond(SlowNetwork.FAST);
            assertThat(outcome.join()).isEqualTo(new FetchOutcome.Hit(chunks.size()));
        }
    }

    @Test
    void aNodeThatHangsIsLeftAloneAndAskedAgainOnceItGoesOn() {
        TestChunk chunk = stored(3);
        int sickMillis = 60_000;
        var skipped = new AtomicLong();
        // Two failures: a call that has two nodes gives half of its time to the first.
        try (var client = new TierClient(
                new TierOptions(4 * DEADLINE_MILLIS, 500, 10_000, 256 << 10, 2, sickMillis),
                List.of(slow, direct),
                () -> System.nanoTime() + skipped.get())) {
            assertThat(client.holds(chunk)).isTrue();
            assertThat(client.holds(chunk)).isTrue();
            cluster.process("node-a").pause();
            try {
                long seen = network.questionBytes();
                // Beginning at either in turn, it has asked the one that hangs twice; and has said since that it does
                // not wait.
                for (int i = 0; i < 10; i++) {
                    assertThat(client.holds(chunk)).isTrue();
                }
                long asked = network.questionBytes();
                assertThat(asked).as("bytes sent to the node that hangs").isGreaterThan(seen);
                for (int i = 0; i < 20; i++) {
                    assertThat(client.holds(chunk)).isTrue();
                }
                assertThat(network.questionBytes())
                        .as("bytes sent to a node that is left alone")
                        .isEqualTo(asked);
            } finally {
                cluster.process("node-a").resume();
            }
            skipped.set(TimeUnit.MILLISECONDS.toNanos(sickMillis));
            long answered = cluster.counters("node-a").getGetHits();
            Await.until(
                    "the node to be asked again",
                    LIMIT_SECONDS,
                    () -> {
                        assertThat(client.holds(chunk)).isTrue();
                        return cluster.counters("node-a").getGetHits();
                    },
                    hits -> hits > answered + 1);
        }
    }

    /** Copies of blocks at all nodes. */
    private static long blocks() {
        return cluster.names().stream()
                .map(cluster::stats)
                .mapToLong(stats -> stats.getPrimaryBlocks() + stats.getBackupBlocks())
                .sum();
    }
}
