package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import dev.kvern.rpc.KvernException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Blocks read where Ignite has them, beside what was written and what Ignite's own read gives. */
@Timeout(300)
class BlockPagesTest {
    private static final int PAGE = 16 << 10;
    private static final int MAX_BLOCK = 2 << 20;

    private static final ChainLru POLICY = new ChainLru();
    private static final ExecutorService EXECUTOR = Executors.newFixedThreadPool(4);
    private static final ExecutorService OTHERS = Executors.newCachedThreadPool();
    private static IgniteNode node;
    private static IgniteBlockStorage storage;

    @BeforeAll
    static void start() {
        node = start("pages");
        storage = storage(node, POLICY);
    }

    @AfterAll
    static void stop() {
        node.close();
        EXECUTOR.shutdownNow();
        OTHERS.shutdownNow();
    }

    private static IgniteNode start(String id) {
        return IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", "", 0, 0, List.of(), 0, "", 5_000, 1L << 30, 64L << 20, MAX_BLOCK),
                POLICY,
                key -> {},
                why -> {});
    }

    private static IgniteBlockStorage storage(IgniteNode node, ChainLru policy) {
        return new IgniteBlockStorage(
                node.ignite(),
                new NodeMessages(node.ignite(), EXECUTOR, 10_000),
                Placement.withBackups(0),
                policy,
                new StoreCounters(),
                EXECUTOR,
                10_000);
    }

    @Test
    void everySizeIsReadAsItWasWritten() {
        var random = new Random(7);
        var sizes = new ArrayList<>(List.of(1, 100, PAGE - 400, 3 * PAGE, MAX_BLOCK));
        // The first fragment has what is left over: all of its sizes, as the key's and the value's beginning may lie in
        // two.
        for (int i = 0; i < 700; i += 3) {
            sizes.add(2 * PAGE - 350 + i);
        }
        for (int i = 0; i < 40; i++) {
            sizes.add(1 + random.nextInt(MAX_BLOCK));
        }
        int inPlace = 0;
        for (int i = 0; i < sizes.size(); i++) {
            BlockKey key = Blocks.key(i);
            StoredBlock stored = Blocks.stored(i, Optional.of(Blocks.key(i + 1)), sizes.get(i));
            storage.put(key, stored).join();
            try (ReadableBlock block = storage.open(key).join().orElseThrow()) {
                assertThat(bytes(block, 0, sizes.get(i)))
                        .as("%d bytes", sizes.get(i))
                        .isEqualTo(Blocks.payload(i, sizes.get(i)));
                assertThat(block.header().payloadBytes()).isEqualTo(sizes.get(i));
                assertThat(block.header().crc32c()).isEqualTo(stored.header().crc32c());
                assertThat(block.header().parent()).contains(Blocks.key(i + 1));
                int from = random.nextInt(sizes.get(i));
                int length = 1 + random.nextInt(sizes.get(i) - from);
                assertThat(ByteBuffer.wrap(bytes(block, from, length)))
                        .as("%d from %d of %d", length, from, sizes.get(i))
                        .isEqualTo(ByteBuffer.wrap(Blocks.payload(i, sizes.get(i)), from, length));
                inPlace += block.unchecked() ? 1 : 0;
            }
            storage.delete(key).join();
        }
        assertThat(inPlace).as("blocks of more than a page").isEqualTo(sizes.size() - 3);
        assertThat(storage.here(Blocks.key(0))).as("deleted").isEmpty();
    }

    @Test
    void whatIsBeingSentIsNotEvicted() {
        BlockKey key = Blocks.key(900_000);
        storage.put(key, Blocks.stored(900_000, 100_000)).join();
        while (POLICY.takeVictim().isPresent()) {
            // What other tests have left.
        }
        POLICY.held(key, Optional.empty(), 100_000);
        ReadableBlock block = storage.here(key).orElseThrow();
        assertThat(POLICY.takeVictim()).isEmpty();
        block.close();
        block.close();
        assertThat(POLICY.takeVictim().orElseThrow().key()).isEqualTo(key);
        storage.delete(key).join();
    }

    /** Whoever reads while the pages get other blocks has either the block or something that its checksum tells. */
    @Test
    void aBlockThatIsRemovedWhileItIsReadIsNeverTakenForWhole() throws Exception {
        int size = 300_000;
        int keys = 8;
        var done = new AtomicBoolean();
        var writers = CompletableFuture.runAsync(
                () -> {
                    var random = new Random(3);
                    for (int i = 0; i < 1_000; i++) {
                        int number = 800_000 + random.nextInt(keys);
                        storage.delete(Blocks.key(number)).join();
                        storage.put(Blocks.key(number), Blocks.stored(number, size + number % keys * 1_000))
                                .join();
                    }
                    done.set(true);
                },
                OTHERS);
        int whole = 0;
        for (int i = 0; !done.get(); i = (i + 1) % keys) {
            BlockKey key = Blocks.key(800_000 + i);
            Optional<ReadableBlock> found = storage.here(key);
            if (found.isPresent()) {
                try (ReadableBlock block = found.get()) {
                    byte[] bytes = bytes(block, 0, block.header().payloadBytes());
                    if (new BlockChecksum().of(key, ByteBuffer.wrap(bytes))
                            == block.header().crc32c()) {
                        assertThat(bytes).isEqualTo(Blocks.payload(800_000 + i, bytes.length));
                        whole++;
                    }
                }
            }
        }
        writers.get();
        assertThat(whole).isPositive();
    }

    @Test
    void aNodeThatStopsWaitsForWhoReadsAndLetsNobodyBegin() throws Exception {
        IgniteNode ending = start("ending");
        var own = storage(ending, new ChainLru());
        BlockKey key = Blocks.key(1);
        own.put(key, Blocks.stored(1, 100_000)).join();
        ReadableBlock block = own.here(key).orElseThrow();
        CompletableFuture<Void> stopped = CompletableFuture.runAsync(ending::close, OTHERS);
        Awaits.until("nobody may begin", () -> {
            Optional<ReadableBlock> another = own.here(key);
            another.ifPresent(ReadableBlock::close);
            return another.isEmpty();
        });
        assertThatThrownBy(() -> block.payload(0, 1)).isInstanceOf(KvernException.class);
        assertThat(stopped).isNotDone();
        block.close();
        stopped.get();
    }

    private static byte[] bytes(ReadableBlock block, int from, int length) {
        var bytes = new ByteArrayOutputStream();
        for (ByteBuffer piece : block.payload(from, length)) {
            byte[] part = new byte[piece.remaining()];
            piece.get(part);
            bytes.writeBytes(part);
        }
        return bytes.toByteArray();
    }
}
