package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.node.store.StoreCounters;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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

    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final Arrivals joined = new Arrivals();
    private IgniteNode first = start("paced-1", List.of(), new ChainLru());

    private static IgniteNode start(String id, List<String> addresses, EvictionPolicy policy) {
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
            Awaits.until("all blocks to come", () -> joined.size() == SMALL_BLOCKS + LARGE_BLOCKS);
            assertThat(joined.bytesPerSecond()).isLessThan(1.1 * RATE);
        } finally {
            second.join().close();
        }
    }

    /** Notes when blocks come; evicts none. Safe for use by several threads. */
    private static final class Arrivals implements EvictionPolicy {
        private final Set<BlockKey> keys = new HashSet<>();
        private final List<Long> nanos = new ArrayList<>();
        private final List<Long> bytesBefore = new ArrayList<>();
        private long allBytes;

        @Override
        public synchronized void held(BlockKey key, Optional<BlockKey> parent, int bytes, BlockLabels labels) {
            if (keys.add(key)) {
                nanos.add(System.nanoTime());
                bytesBefore.add(allBytes);
                allBytes += bytes;
            }
        }

        /**
         * The rate at which blocks came. Who notes one may have been kept from it for a while, on a busy machine, and is all the
         * quicker with the next: so it is the least of the rates since any of the blocks of the first half.
         */
        synchronized double bytesPerSecond() {
            long end = nanos.get(nanos.size() - 1);
            double least = Double.MAX_VALUE;
            for (int i = 0; bytesBefore.get(i) < allBytes / 2; i++) {
                // What came with the first one had gone before, of the last one nothing is waited for.
                long paced = allBytes - bytesBefore.get(i) - 2 * LARGE_BYTES;
                least = Math.min(least, paced / ((end - nanos.get(i)) / 1e9));
            }
            return least;
        }

        @Override
        public void gone(BlockKey key) {}

        @Override
        public void used(List<BlockKey> run, long agoNanos) {}

        @Override
        public Lease lease(BlockKey key) {
            return Lease.NONE;
        }

        @Override
        public Optional<Victim> takeVictim() {
            return Optional.empty();
        }

        @Override
        public synchronized int size() {
            return keys.size();
        }
    }
}
