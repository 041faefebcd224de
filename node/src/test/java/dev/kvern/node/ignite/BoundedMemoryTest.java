package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.RegionGate;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.node.store.WatermarkEvictor;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Ten times the region's bytes through one node of Ignite. */
class BoundedMemoryTest {
    private static final long REGION_BYTES = 64L << 20;
    private static final int BLOCK_BYTES = 256 << 10;
    private static final int CHAIN = 20;
    private static final int WRITERS = 12;
    private static final int CHAINS = (int) (10 * REGION_BYTES / BLOCK_BYTES / CHAIN);

    /** Some 180 fit beside Ignite's own pages. */
    private static final int HELD_FOR_SURE = 120;

    @Test
    void theRegionHoldsTheStartsOfTheChainsUsedLast() throws InterruptedException {
        var policy = new ChainLru();
        var counters = new StoreCounters();
        var executor = Executors.newFixedThreadPool(4);
        var scheduler = Executors.newSingleThreadScheduledExecutor();
        var settings = new IgniteNode.Settings(
                "bounded", "127.0.0.1", "", "", 0, 0, List.of(), 0, "", 5_000, 1L << 30, REGION_BYTES, BLOCK_BYTES);
        try (IgniteNode ignite = IgniteNode.start(settings, policy, key -> {}, why -> {})) {
            var storage = new IgniteBlockStorage(
                    ignite.ignite(),
                    new NodeMessages(ignite.ignite(), executor, 10_000),
                    Placement.withBackups(0),
                    policy,
                    counters,
                    executor,
                    10_000);
            // Far below where Ignite evicts by itself, which knows nothing of chains.
            var evictor = new WatermarkEvictor(
                    policy,
                    storage::usedBytes,
                    REGION_BYTES,
                    0.7,
                    0.5,
                    key -> storage.delete(key).join(),
                    counters,
                    scheduler);
            evictor.start();
            // Uses are not told: told as runs, they would order a chain by themselves, and hide a policy that does not.
            for (int chain = 0; chain < CHAINS; chain++) {
                for (int depth = 0; depth < CHAIN; depth++) {
                    int number = chain * CHAIN + depth;
                    storage.put(Blocks.key(number), Blocks.stored(number, parent(number), BLOCK_BYTES))
                            .join();
                    evictor.stored(BLOCK_BYTES);
                    // On a busy machine this thread would outrun the evictor's, and Ignite evict by itself.
                    Awaits.until("room", () -> storage.usedBytes() < 0.8 * REGION_BYTES);
                }
                assertThat(storage.usedBytes()).isLessThanOrEqualTo(REGION_BYTES);
                // In use from its middle only: all before it stay.
                assertThat(storage.get(Blocks.key(CHAIN / 2)).join())
                        .as("after chain %d", chain)
                        .isPresent();
                assertThat(storage.get(Blocks.key(chain * CHAIN)).join()).isPresent();
            }
            scheduler.shutdown();
            // Nothing is evicted while it is counted.
            assertThat(scheduler.awaitTermination(60, TimeUnit.SECONDS)).isTrue();

            int held = heldWithoutHoles(storage, Set.of());
            assertThat(storage.match(firstChain()).join()).isGreaterThan(CHAIN / 2);
            assertThat((long) held * BLOCK_BYTES).isGreaterThan(REGION_BYTES / 3);
            assertThat(counters.snapshot().getEvictedBlocks() + held)
                    .as("blocks evicted by the policy, not by Ignite, and held")
                    .isEqualTo(CHAINS * CHAIN);
        } finally {
            scheduler.shutdownNow();
            executor.shutdownNow();
        }
    }

    @Test
    void writersThatOutrunEvictionWaitForIt() throws InterruptedException {
        var policy = new ChainLru();
        var counters = new StoreCounters();
        var executor = Executors.newFixedThreadPool(8);
        var scheduler = Executors.newScheduledThreadPool(3);
        var settings = new IgniteNode.Settings(
                "outrun", "127.0.0.1", "", "", 0, 0, List.of(), 0, "", 5_000, 1L << 30, REGION_BYTES, BLOCK_BYTES);
        double random = IgniteNode.evictsAtRandomFrom(REGION_BYTES, BLOCK_BYTES);
        try (IgniteNode ignite = IgniteNode.start(settings, policy, key -> {}, why -> {})) {
            var storage = new IgniteBlockStorage(
                    ignite.ignite(),
                    new NodeMessages(ignite.ignite(), executor, 10_000),
                    Placement.withBackups(0),
                    policy,
                    counters,
                    executor,
                    10_000);
            var evictor = new WatermarkEvictor(
                    policy,
                    storage::usedBytes,
                    REGION_BYTES,
                    random - WatermarkEvictor.STEP,
                    random - 2 * WatermarkEvictor.STEP,
                    key -> storage.delete(key).join(),
                    counters,
                    scheduler);
            evictor.start();
            long limit = (long) (random * REGION_BYTES);
            var gate = new RegionGate(
                    new RegionGate.Region(storage::usedBytes, limit, IgniteNode::footprintBytes),
                    evictor::makeRoom,
                    30_000,
                    counters,
                    scheduler,
                    System::nanoTime);
            var most = new AtomicLong();
            var writers = new ArrayList<Thread>();
            var failures = new ConcurrentLinkedQueue<Throwable>();
            var nextChain = new AtomicInteger();
            var stored = new AtomicInteger();
            // Their writer got no processor while the others went on: its last block was the oldest by then, and may
            // have gone.
            Set<Integer> standingStill = ConcurrentHashMap.newKeySet();
            for (int i = 0; i < WRITERS; i++) {
                var writer = new Thread(() -> {
                    for (int chain = nextChain.getAndIncrement(); chain < CHAINS; chain = nextChain.getAndIncrement()) {
                        int before = stored.get();
                        for (int number = chain * CHAIN; number < (chain + 1) * CHAIN; number++) {
                            StoredBlock block = Blocks.stored(number, parent(number), BLOCK_BYTES);
                            BlockKey key = Blocks.key(number);
                            gate.admit(block.encoded().length)
                                    .thenCompose(room ->
                                            storage.put(key, block).whenComplete((isNew, failure) -> room.close()))
                                    .join();
                            int now = stored.incrementAndGet();
                            if (now - before > HELD_FOR_SURE) {
                                standingStill.add(chain);
                            }
                            before = now;
                            most.accumulateAndGet(storage.usedBytes(), Math::max);
                        }
                    }
                });
                writer.setUncaughtExceptionHandler((thread, failure) -> failures.add(failure));
                writers.add(writer);
                writer.start();
            }
            for (Thread writer : writers) {
                writer.join();
            }
            assertThat(failures).isEmpty();
            scheduler.shutdown();
            assertThat(scheduler.awaitTermination(30, TimeUnit.SECONDS)).isTrue();

            assertThat(most.get()).as("most bytes seen in use").isLessThanOrEqualTo(limit);
            assertThat(counters.snapshot().getHeldBackBlocks())
                    .as("blocks that waited")
                    .isPositive();
            var metrics = ignite.ignite().dataRegionMetrics(IgniteNode.REGION);
            assertThat(metrics.getEvictionRate())
                    .as("pages that Ignite evicted")
                    .isZero();
            assertThat(standingStill).hasSizeLessThan(CHAINS);
            int held = heldWithoutHoles(storage, standingStill);
            assertThat(counters.snapshot().getEvictedBlocks() + held)
                    .as("blocks evicted by the policy, not by Ignite, and held")
                    .isEqualTo(CHAINS * CHAIN);
        } finally {
            scheduler.shutdownNow();
            executor.shutdownNow();
        }
    }

    /**
     * How many blocks the storage holds, none of them without those before it.
     *
     * @param besides chains of which that is not asked
     */
    private static int heldWithoutHoles(IgniteBlockStorage storage, Set<Integer> besides) {
        int held = 0;
        for (int chain = 0; chain < CHAINS; chain++) {
            boolean whole = true;
            for (int depth = 0; depth < CHAIN; depth++) {
                boolean present =
                        storage.get(Blocks.key(chain * CHAIN + depth)).join().isPresent();
                assertThat(present && !whole && !besides.contains(chain))
                        .as("chain %d holds block %d without its parent", chain, depth)
                        .isFalse();
                whole = present;
                held += present ? 1 : 0;
            }
        }
        return held;
    }

    private static List<BlockKey> firstChain() {
        return IntStream.range(0, CHAIN).mapToObj(Blocks::key).toList();
    }

    private static Optional<BlockKey> parent(int number) {
        return number % CHAIN == 0 ? Optional.empty() : Optional.of(Blocks.key(number - 1));
    }
}
