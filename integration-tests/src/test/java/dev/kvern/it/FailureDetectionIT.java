package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * How long reads take until they bring the block while a node is lost or hangs, every block having a copy on another one. Two
 * bounds of time are promised, and are asserted of the median of some rounds, beyond what the slowest read took on this
 * machine just before.
 */
@Timeout(300)
class FailureDetectionIT {
    private static final int ROUNDS = 3;
    private static final int CHUNKS = 90;
    private static final int BYTES = 64 << 10;
    private static final long LIMIT_SECONDS = 60;
    private static final long CONTROL_MILLIS = 1_500;

    private static final long KILL_BOUND_MILLIS = 1_000;
    private static final long STALL_BOUND_MILLIS = 3_000;

    /** Beyond the moment at which the others have closed their ranks and copied what is now there once only. */
    private static final long AFTER_KILL_MILLIS = 3_000;

    /** Beyond the moment at which Ignite counts a node as lost that hangs: {@code ignite.failure_detection_millis}. */
    private static final long AFTER_STALL_MILLIS = 7_000;

    @TempDir
    private static Path directory;

    private static NodeCluster cluster;
    private static List<TestChunk> chunks;

    @BeforeAll
    static void start() {
        cluster = NodeCluster.start(directory, 3);
        chunks = IntStream.range(0, CHUNKS)
                .mapToObj(i -> TestChunk.of(1, i, BYTES))
                .toList();
        try (var client = new TierClient(cluster.addresses())) {
            chunks.forEach(chunk -> assertThat(client.put(chunk)).isTrue());
        }
        cluster.awaitSettled();
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void readsCompleteWithinASecondOfAKill() throws InterruptedException {
        var beyondControl = new ArrayList<Long>();
        for (int round = 0; round < ROUNDS; round++) {
            String victim = "node-" + (char) ('a' + round);
            try (var readers = new Readers(victim)) {
                long control = readers.worstMillis(CONTROL_MILLIS);
                cluster.kill(victim);
                beyondControl.add(readers.worstMillis(AFTER_KILL_MILLIS) - control);
            }
            cluster.awaitSettled();
            cluster.restart(victim);
            cluster.awaitSettled();
        }
        assertThat(median(beyondControl))
                .as("the slowest read after a kill, in ms beyond the slowest before, median of %s", beyondControl)
                .isLessThanOrEqualTo(KILL_BOUND_MILLIS);
    }

    @Test
    void readsCompleteWithinThreeSecondsOfAStall() throws InterruptedException {
        var beyondControl = new ArrayList<Long>();
        for (int round = 0; round < ROUNDS; round++) {
            String victim = "node-" + (char) ('a' + round);
            try (var readers = new Readers(victim)) {
                long control = readers.worstMillis(CONTROL_MILLIS);
                cluster.process(victim).pause();
                beyondControl.add(readers.worstMillis(AFTER_STALL_MILLIS) - control);
            }
            // The others have gone on without it.
            cluster.kill(victim);
            cluster.awaitSettled();
            cluster.restart(victim);
            cluster.awaitSettled();
        }
        assertThat(median(beyondControl))
                .as("the slowest read after a stall, in ms beyond the slowest before, median of %s", beyondControl)
                .isLessThanOrEqualTo(STALL_BOUND_MILLIS);
    }

    private static long median(List<Long> values) {
        return values.stream().sorted().toList().get(values.size() / 2);
    }

    /**
     * Reads without a pause, through a client that knows all nodes, and through one that does not know the victim: there the
     * nodes must do without it.
     */
    private static final class Readers implements AutoCloseable {
        private static final int READERS_OF_A_CLIENT = 2;

        private final List<TierClient> clients;
        private final ExecutorService threads = Executors.newFixedThreadPool(2 * READERS_OF_A_CLIENT);

        Readers(String victim) {
            clients = List.of(
                    new TierClient(cluster.addresses()),
                    new TierClient(cluster.names().stream()
                            .filter(name -> !name.equals(victim))
                            .map(cluster::address)
                            .toList()));
        }

        /** Reads for so long; returns what the slowest read took until it brought its chunk. */
        long worstMillis(long millis) throws InterruptedException {
            long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
            var readers = new ArrayList<Future<Long>>();
            for (TierClient client : clients) {
                for (int i = 0; i < READERS_OF_A_CLIENT; i++) {
                    int seed = readers.size();
                    readers.add(threads.submit(() -> readUntil(client, end, new Random(seed))));
                }
            }
            long worst = 0;
            for (Future<Long> reader : readers) {
                try {
                    worst = Math.max(worst, reader.get(LIMIT_SECONDS, TimeUnit.SECONDS));
                } catch (ExecutionException | TimeoutException e) {
                    throw new AssertionError(e);
                }
            }
            return worst;
        }

        private static long readUntil(TierClient client, long end, Random random) {
            long worst = 0;
            while (System.nanoTime() - end < 0) {
                TestChunk chunk = chunks.get(random.nextInt(CHUNKS));
                worst = Math.max(worst, client.millisUntilFound(chunk, LIMIT_SECONDS));
            }
            return worst;
        }

        @Override
        public void close() {
            threads.shutdownNow();
            clients.forEach(TierClient::close);
        }
    }
}
