package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.StoreCounters;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a node that joins is sent, between real nodes. */
class PacedCommunicationTest {
    private static final long RATE = 12L << 20;
    private static final int SMALL_BLOCKS = 5_000;
    private static final int SMALL_BYTES = 1 << 10;
    private static final int LARGE_BLOCKS = 12;
    /** More than one message of Ignite's is to have. */
    private static final int LARGE_BYTES = 2 << 20;

    private static final long MOVED_BYTES = (long) SMALL_BLOCKS * SMALL_BYTES + (long) LARGE_BLOCKS * LARGE_BYTES;

    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final ChainLru joined = new ChainLru();
    private IgniteNode first = start("paced-1", List.of(), new ChainLru());

    private static IgniteNode start(String id, List<String> addresses, ChainLru policy) {
        return IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, RATE, 128L << 20, LARGE_BYTES),
                policy,
                key -> {},
                why -> {});
    }

    @AfterEach
    void stop() {
        first.close();
        executor.shutdownNow();
    }

    @Test
    void smallAndLargeBlocksMoveAtTheRateAtMost() {
        var storage = new IgniteBlockStorage(
                first.ignite(),
                new NodeMessages(first.ignite(), executor, 10_000),
                Placement.withBackups(1),
                new ChainLru(),
                new StoreCounters(),
                executor,
                10_000);
        for (int i = 0; i < SMALL_BLOCKS + LARGE_BLOCKS; i++) {
            int bytes = i < SMALL_BLOCKS ? SMALL_BYTES : LARGE_BYTES;
            storage.put(Blocks.key(i), Blocks.stored(i, bytes)).join();
        }

        var second = CompletableFuture.supplyAsync(
                () -> start("paced-2", List.of(first.discoveryAddress()), joined), executor);
        try {
            Awaits.until("the first block to come", () -> joined.size() > 0);
            long begun = System.nanoTime();
            Awaits.until("all blocks to come", () -> joined.size() == SMALL_BLOCKS + LARGE_BLOCKS);
            double seconds = (System.nanoTime() - begun) / 1e9;
            // The first batch came before, of the last one nothing is waited for.
            long paced = MOVED_BYTES - 2 * LARGE_BYTES;
            assertThat(paced / seconds).isLessThan(1.1 * RATE);
        } finally {
            second.join().close();
        }
    }
}
