package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.RegionGate;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.node.store.WatermarkEvictor;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ignite.cache.CachePeekMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Two nodes that both hold every block; the other one has much less room than the one that is written to, and never evicts. */
class OwnersGateTest {
    private static final long SMALL_BYTES = 64L << 20;
    private static final long LARGE_BYTES = 160L << 20;
    private static final int BLOCK_BYTES = 256 << 10;
    private static final int WRITERS = 8;
    private static final int WAIT_MILLIS = 500;
    private static final long LENT_MILLIS = 60_000;

    private final ExecutorService executor = Executors.newFixedThreadPool(8);
    private final ScheduledExecutorService scheduler = Executors.newScheduledThreadPool(2);
    private volatile long nanos;
    private final Node here = new Node("gate-1", LARGE_BYTES, List.of());
    private final Node other = new Node("gate-2", SMALL_BYTES, List.of(here.ignite.discoveryAddress()));

    private final class Node {
        private final long limitBytes;
        private final long aheadBytes;
        private final IgniteNode ignite;
        private final NodeMessages messages;
        private final IgniteBlockStorage storage;
        private final RegionGate region;
        private final LentRoom lent;
        private final OwnersGate gate;

        Node(String id, long regionBytes, List<String> addresses) {
            var policy = new ChainLru();
            var counters = new StoreCounters();
            ignite = IgniteNode.start(
                    new IgniteNode.Settings(
                            id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, 1L << 30, regionBytes, BLOCK_BYTES),
                    policy,
                    key -> {},
                    why -> {});
            messages = new NodeMessages(ignite.ignite(), executor, 60_000);
            storage = new IgniteBlockStorage(
                    ignite.ignite(), messages, Placement.withBackups(1), policy, counters, executor, 60_000);
            limitBytes = (long) (IgniteNode.evictsAtRandomFrom(regionBytes, BLOCK_BYTES) * regionBytes);
            aheadBytes = (long) (WatermarkEvictor.STEP * regionBytes);
            region = new RegionGate(
                    new RegionGate.Region(storage::usedBytes, limitBytes - aheadBytes, IgniteNode::footprintBytes),
                    wanted -> {},
                    WAIT_MILLIS,
                    counters,
                    scheduler,
                    System::nanoTime);
            lent = new LentRoom(ignite.ignite(), messages, region, aheadBytes, LENT_MILLIS, () -> nanos);
            gate = new OwnersGate(ignite.ignite(), messages, region, storage, 60_000);
        }

        boolean holds(BlockKey key) {
            return ignite.ignite()
                            .<String, byte[]>cache(IgniteBlockStorage.CACHE)
                            .localPeek(key.toHex(), CachePeekMode.OFFHEAP)
                    != null;
        }
    }

    @AfterEach
    void stop() {
        other.ignite.close();
        here.ignite.close();
        scheduler.shutdownNow();
        executor.shutdownNow();
    }

    private void awaitBothOwnAll() {
        Awaits.until(
                "both own every key",
                () -> here.storage.ownersOf(Blocks.key(0)).size() == 2
                        && other.storage.ownersOf(Blocks.key(0)).size() == 2
                        && here.storage
                                .owners()
                                .map()
                                .version()
                                .equals(other.storage.owners().map().version()));
    }

    private CompletableFuture<Boolean> put(int number) {
        StoredBlock block = Blocks.stored(number, BLOCK_BYTES);
        BlockKey key = Blocks.key(number);
        return here.gate
                .admit(key, block.encoded().length)
                .thenCompose(room -> here.storage.put(key, block).whenComplete((isNew, failure) -> room.close()));
    }

    @Test
    void anOwnerThatDoesNotEvictIsNotOverrun() throws InterruptedException {
        awaitBothOwnAll();
        int blocks = (int) (3 * SMALL_BYTES / 2 / BLOCK_BYTES);
        var next = new AtomicInteger();
        Queue<Integer> stored = new ConcurrentLinkedQueue<>();
        Queue<Throwable> refusals = new ConcurrentLinkedQueue<>();
        var writers = new ArrayList<Thread>();
        for (int i = 0; i < WRITERS; i++) {
            var writer = new Thread(() -> {
                for (int number = next.getAndIncrement(); number < blocks; number = next.getAndIncrement()) {
                    try {
                        put(number).join();
                        stored.add(number);
                    } catch (CompletionException e) {
                        refusals.add(e.getCause());
                        return;
                    }
                }
            });
            writers.add(writer);
            writer.start();
        }
        for (Thread writer : writers) {
            writer.join();
        }
        assertThat(refusals)
                .hasSize(WRITERS)
                .allSatisfy(refusal -> assertThat(refusal)
                        .isInstanceOf(KvernException.class)
                        .hasMessageContaining("gate-2: block put: no room within " + WAIT_MILLIS + " ms"));
        assertThat(refusals)
                .allMatch(
                        refusal -> refusal instanceof KvernException e && e.reason() == ErrorReason.RESOURCE_EXHAUSTED);
        assertThat(other.storage.usedBytes()).isBetween(other.limitBytes / 2, other.limitBytes);
        assertThat(other.ignite.ignite().dataRegionMetrics(IgniteNode.REGION).getEvictionRate())
                .as("pages that Ignite evicted")
                .isZero();
        assertThat(stored)
                .allMatch(number -> here.holds(Blocks.key(number)))
                .allMatch(number -> other.holds(Blocks.key(number)));

        // It goes on as soon as there is room.
        stored.stream()
                .limit(WRITERS)
                .forEach(number -> here.storage.delete(Blocks.key(number)).join());
        assertThat(put(blocks).join()).isTrue();
    }

    @Test
    void roomThatIsNotGivenBackIsTakenBackInTime() throws InterruptedException {
        awaitBothOwnAll();
        BlockKey key = Blocks.key(0);
        int whole = (int) (other.limitBytes - other.aheadBytes - other.storage.usedBytes()) * 9 / 10;
        here.gate.admit(key, whole).join();
        assertThatThrownBy(() -> here.gate.admit(key, whole).join())
                .hasCauseInstanceOf(KvernException.class)
                .hasMessageContaining("gate-2");
        nanos = TimeUnit.MILLISECONDS.toNanos(LENT_MILLIS) - 1;
        other.lent.takeBackOld();
        assertThatThrownBy(() -> other.region.admit(whole).join()).hasMessageContaining("no room");
        nanos++;
        other.lent.takeBackOld();
        other.region.admit(whole).join().close();

        // What is given back, and what one that leaves had, is there at once.
        here.gate.admit(key, whole).join().close();
        Awaits.until("it is back", () -> fits(whole));
        here.gate.admit(key, whole).join();
        assertThat(fits(whole)).isFalse();
        here.ignite.close();
        Awaits.until("it is back", () -> fits(whole));
    }

    private boolean fits(int bytes) {
        CompletableFuture<?> room = other.region.admit(bytes).thenAccept(given -> given.close());
        return room.handle((done, failure) -> failure == null).join();
    }
}
