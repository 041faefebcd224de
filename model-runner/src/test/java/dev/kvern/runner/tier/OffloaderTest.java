package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.NamespaceId;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class OffloaderTest {
    private static final NamespaceId NAMESPACE = NamespaceId.wrap(new byte[32]);
    private static final int BLOCK_BYTES = 8;

    private final BlockPool pool = new BlockPool(64);
    private final NumberedMemory memory = new NumberedMemory();
    private final GatedTier tier = new GatedTier();
    private final AtomicLong nanos = new AtomicLong(1);
    private final AtomicInteger releases = new AtomicInteger();
    private final Answering activity = new Answering();
    private final Offloader offloader = new Offloader(
            tier,
            memory,
            new OffloadOptions(10 * 2 * BLOCK_BYTES, 8, 1_000, 0, 3 * 2 * BLOCK_BYTES, 500, 50),
            nanos::get,
            activity,
            releases::incrementAndGet);

    @AfterEach
    void stop() {
        tier.gate.release(1_000);
        offloader.close();
    }

    @Test
    void storesWhatTheTierLacksAndLetsTheBlocksGo() throws InterruptedException {
        tier.gate.release(1_000);
        List<OffloadChunk> chain = chain(6);
        tier.stored.put(chain.get(0).key(), new byte[0]);
        offloader.offer(chain);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(offloader.stats().offloadedChunks()).isEqualTo(5);
        assertThat(offloader.stats().alreadyStoredChunks()).isEqualTo(1);
        for (int i = 1; i < 6; i++) {
            byte[] expected = new byte[2 * BLOCK_BYTES];
            for (int b = 0; b < 2; b++) {
                expected[b * BLOCK_BYTES] = (byte) chain.get(i).blocks().get(b).index();
            }
            assertThat(tier.stored.get(chain.get(i).key())).isEqualTo(expected);
        }
        assertThat(pool.usage().used()).isZero();
        assertThat(releases).hasPositiveValue();
    }

    @Test
    void whatIsOnItsWayOrWasStoredLatelyIsNotWanted() throws InterruptedException {
        List<OffloadChunk> chain = chain(2);
        BlockKey key = chain.get(0).key();
        assertThat(offloader.wants(key)).isTrue();
        offloader.offer(chain);
        assertThat(offloader.wants(key)).isFalse();
        tier.gate.release(1_000);
        offloader.awaitIdle(Duration.ofSeconds(20));
        assertThat(offloader.wants(key)).isFalse();
        nanos.addAndGet(Duration.ofMillis(1_001).toNanos());
        assertThat(offloader.wants(key)).isTrue();
    }

    @Test
    void batchesAreSmallWhileAnswersAreGenerated() throws InterruptedException {
        tier.gate.release(1_000);
        activity.decoding = true;
        offloader.offer(chain(10));
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.batches).containsExactly(4, 4, 2);
        activity.decoding = false;
        tier.stored.clear();
        nanos.addAndGet(Duration.ofMillis(1_001).toNanos());
        offloader.offer(chain(10));
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.batches).containsExactly(4, 4, 2, 8, 2);
    }

    @Test
    void aFullQueueDropsTheRestOfAChain() throws InterruptedException {
        // Room for 10 chunks, and the first batch is held up in the tier.
        offloader.offer(chain(14));
        assertThat(offloader.stats().droppedChunks()).isEqualTo(4);
        assertThat(offloader.stats().pendingBytes()).isEqualTo(10 * 2 * BLOCK_BYTES);
        assertThat(pool.usage().used()).isEqualTo(20);
        tier.gate.release(1_000);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.stored).hasSize(10);
        assertThat(pool.usage().used()).isZero();
    }

    @Test
    void aTierThatIsAwayCostsNothingButTheChunks() throws InterruptedException {
        tier.gate.release(1_000);
        tier.away = true;
        offloader.offer(chain(3));
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(offloader.stats().failedChunks()).isEqualTo(3);
        assertThat(pool.usage().used()).isZero();
    }

    @Test
    void whatANodeFailedToStoreIsCopiedAndOfferedAgain() throws InterruptedException {
        tier.gate.release(1_000);
        tier.failure = Optional.of(MissReason.OWNER_SILENT);
        List<OffloadChunk> chain = chain(3);
        List<BlockKey> keys = chain.stream().map(OffloadChunk::key).toList();
        offloader.offer(chain);
        await(() -> offloader.stats().failedChunks() == 3 && pool.usage().used() == 0);
        assertThat(offloader.stats().pendingBytes()).isEqualTo(3 * 2 * BLOCK_BYTES);
        assertThat(keys).as("on their way").noneMatch(offloader::wants);
        tier.failure = Optional.empty();
        nanos.addAndGet(Duration.ofMillis(501).toNanos());
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.stored.keySet()).containsExactlyInAnyOrderElementsOf(keys);
        assertThat(offloader.stats().offloadedChunks()).isEqualTo(3);
        assertThat(offloader.stats().pendingBytes()).isZero();
    }

    @Test
    void onlyWhatIsLeftOfABatchIsOfferedAgain() throws InterruptedException {
        tier.gate.release(1_000);
        List<OffloadChunk> chain = chain(3);
        List<BlockKey> keys = chain.stream().map(OffloadChunk::key).toList();
        tier.silent = keys.get(1);
        offloader.offer(chain);
        await(() -> offloader.stats().failedChunks() == 1 && pool.usage().used() == 0);
        assertThat(offloader.stats().offloadedChunks()).isEqualTo(2);
        assertThat(offloader.stats().pendingBytes()).isEqualTo(2 * BLOCK_BYTES);
        nanos.addAndGet(Duration.ofMillis(501).toNanos());
        await(() -> offloader.stats().failedChunks() == 2);
        assertThat(offloader.stats().offloadedChunks()).isEqualTo(2);
        tier.silent = null;
        nanos.addAndGet(Duration.ofMillis(400).toNanos());
        assertThat(keys).as("stored lately, or on its way").noneMatch(offloader::wants);
        nanos.addAndGet(Duration.ofMillis(101).toNanos());
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.puts).hasValue(3 + 1 + 1);
        assertThat(offloader.stats().offloadedChunks()).isEqualTo(3);
        assertThat(offloader.stats().pendingBytes()).isZero();
    }

    @Test
    void whatCannotBeStoredIsGivenUpInTheEnd() throws InterruptedException {
        tier.gate.release(1_000);
        tier.failure = Optional.of(MissReason.TIMEOUT);
        // One more than there is room for copies.
        offloader.offer(chain(4));
        for (int offers = 1; offers <= 5; offers++) {
            long failures = 4 + (offers - 1) * 3;
            await(() -> offloader.stats().failedChunks() == failures);
            nanos.addAndGet(Duration.ofMillis(501).toNanos());
        }
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(offloader.stats().failedChunks()).isEqualTo(4 + 4 * 3);
        assertThat(offloader.stats().pendingBytes()).isZero();
        assertThat(pool.usage().used()).isZero();
        assertThat(stage(Chains.keys(9, 1), 0))
                .as("there is room for copies again")
                .isTrue();
    }

    private static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime() - deadline).isNegative();
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void whatATierHasNoRoomForIsCountedAndWantedAgain() throws InterruptedException {
        tier.gate.release(1_000);
        tier.full = true;
        List<OffloadChunk> chain = chain(3);
        BlockKey key = chain.get(0).key();
        offloader.offer(chain);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(offloader.stats().rejectedChunks()).isEqualTo(3);
        assertThat(offloader.stats().failedChunks()).isZero();
        assertThat(offloader.stats().offloadedChunks()).isZero();
        assertThat(offloader.wants(key)).isTrue();
        assertThat(pool.usage().used()).isZero();
    }

    @Test
    void closingLetsEverythingGoAndCountsIt() {
        // A batch of eight is held up in the tier, and two chunks wait.
        offloader.offer(chain(10));
        tier.gate.release(1_000);
        offloader.close();
        assertThat(pool.usage().used()).isZero();
        OffloadStats stats = offloader.stats();
        assertThat(stats.pendingBytes()).isZero();
        assertThat(stats.offloadedChunks() + stats.failedChunks() + stats.droppedChunks())
                .isEqualTo(10);
        assertThat(tier.stored).hasSize((int) stats.offloadedChunks());
    }

    @Test
    void whatWaitsWhenItIsClosedIsDropped() {
        tier.gate.release(1_000);
        tier.failure = Optional.of(MissReason.OWNER_SILENT);
        offloader.offer(chain(3));
        await(() -> offloader.stats().failedChunks() == 3);
        // Copies that wait to be offered again.
        offloader.close();
        assertThat(offloader.stats().droppedChunks()).isEqualTo(3);
        assertThat(offloader.stats().pendingBytes()).isZero();
    }

    @Test
    void evictedChunksAreCopiedAtOnceAndSentLater() throws InterruptedException {
        List<BlockKey> keys = Chains.keys(1, 5);
        for (int i = 0; i < 3; i++) {
            assertThat(stage(keys, i)).isTrue();
        }
        assertThat(tier.stored).as("the tier has not answered").isEmpty();
        assertThat(stage(keys, 3)).as("the staging area is full").isFalse();
        assertThat(offloader.stats().droppedChunks()).isEqualTo(1);
        assertThat(stage(keys, 0)).as("it is on its way").isFalse();
        assertThat(offloader.stats().pendingBytes()).isEqualTo(3 * 2 * BLOCK_BYTES);
        tier.gate.release(1_000);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.stored)
                .hasSize(3)
                .containsEntry(keys.get(1), new byte[] {1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1});
        assertThat(offloader.stats().pendingBytes()).isZero();
        assertThat(stage(keys, 3)).as("there is room again").isTrue();
    }

    @Test
    void withoutDirectMemoryABatchFailsAndTheNextIsSent() throws InterruptedException {
        tier.gate.release(1_000);
        tier.shortOfMemory = true;
        List<BlockKey> keys = Chains.keys(1, 2);
        stage(keys, 0);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(offloader.stats().failedChunks()).isEqualTo(1);
        assertThat(offloader.stats().pendingBytes()).isZero();
        tier.shortOfMemory = false;
        stage(keys, 1);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.stored.keySet()).containsExactly(keys.get(1));
    }

    @Test
    void aCopyThatFailsIsForgotten() throws InterruptedException {
        List<BlockKey> keys = Chains.keys(1, 1);
        assertThatThrownBy(() ->
                        offloader.stage(keys.get(0), Optional.empty(), 2, BlockLabels.NONE, 2 * BLOCK_BYTES, bytes -> {
                            throw new IllegalStateException("device lost");
                        }))
                .hasMessage("device lost");
        assertThat(offloader.wants(keys.get(0))).isTrue();
        assertThat(offloader.stats().pendingBytes()).isZero();
    }

    @Test
    void theSameChunkIsNeverSentTwiceAtOnce() throws InterruptedException {
        List<OffloadChunk> chain = chain(1);
        OffloadChunk chunk = chain.get(0);
        var again = new OffloadChunk(
                chunk.key(),
                chunk.parent(),
                2,
                BlockLabels.NONE,
                List.of(chunk.blocks().get(0).pin(), chunk.blocks().get(1).pin()));
        offloader.offer(chain);
        offloader.offer(List.of(again));
        assertThat(offloader.stage(chunk.key(), chunk.parent(), 2, BlockLabels.NONE, 2 * BLOCK_BYTES, bytes -> {}))
                .isFalse();
        tier.gate.release(1_000);
        assertThat(offloader.awaitIdle(Duration.ofSeconds(20))).isTrue();
        assertThat(tier.puts).hasValue(1);
        assertThat(pool.usage().used()).isZero();
    }

    private boolean stage(List<BlockKey> keys, int at) {
        return offloader.stage(keys.get(at), Chains.parent(keys, at), 2, BlockLabels.NONE, 2 * BLOCK_BYTES, bytes -> {
            while (bytes.hasRemaining()) {
                bytes.put((byte) at);
            }
        });
    }

    private List<OffloadChunk> chain(int chunks) {
        var chain = new ArrayList<OffloadChunk>();
        int[] tokens = new int[chunks * 2];
        List<BlockDigest> digests = new BlockChain(1).digests(tokens);
        BlockDigest parent = BlockChain.root();
        Optional<BlockKey> parentKey = Optional.empty();
        for (int i = 0; i < chunks; i++) {
            List<BlockDigest> names = digests.subList(2 * i, 2 * i + 2);
            List<PinnedBlock> pins = pool.publish(
                            NAMESPACE, parent, names, pool.acquire(2).orElseThrow())
                    .orElseThrow();
            parent = names.get(1);
            BlockKey key = BlockKey.of(NAMESPACE, parent);
            chain.add(new OffloadChunk(key, parentKey, 2, BlockLabels.NONE, pins));
            parentKey = Optional.of(key);
        }
        return chain;
    }

    /** A block's bytes begin with its number. */
    private static final class NumberedMemory implements KvMemory {
        @Override
        public int blocks() {
            return 64;
        }

        @Override
        public int blockTokens() {
            return 1;
        }

        @Override
        public int blockBytes() {
            return BLOCK_BYTES;
        }

        @Override
        public void read(int block, ByteBuffer target) {
            target.put((byte) block).put(new byte[BLOCK_BYTES - 1]);
        }

        @Override
        public void write(int block, ByteBuffer source) {
            throw new AssertionError("offloading writes nothing");
        }

        @Override
        public void close() {}
    }

    private static final class Answering implements ComputeActivity {
        private volatile boolean decoding;

        @Override
        public boolean prefilling() {
            return false;
        }

        @Override
        public boolean decoding() {
            return decoding;
        }
    }

    /** Answers a call for each permit. */
    private static final class GatedTier implements CacheTier {
        private final Semaphore gate = new Semaphore(0);
        private final Map<BlockKey, byte[]> stored = new ConcurrentHashMap<>();
        private final AtomicInteger puts = new AtomicInteger();
        private final List<Integer> batches = new CopyOnWriteArrayList<>();
        private volatile boolean away;
        private volatile boolean full;
        private volatile boolean shortOfMemory;

        /** The chunk of which an owner is silent. */
        private volatile @Nullable BlockKey silent;

        private volatile Optional<MissReason> failure = Optional.empty();

        @Override
        public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
            throw new AssertionError("offloading fetches nothing");
        }

        @Override
        public OptionalInt match(List<BlockKey> keys) {
            gate.acquireUninterruptibly();
            int matched = 0;
            while (matched < keys.size() && stored.containsKey(keys.get(matched))) {
                matched++;
            }
            return away ? OptionalInt.empty() : OptionalInt.of(matched);
        }

        @Override
        public PutOutcome put(List<? extends ChunkSource> chunks) {
            puts.addAndGet(chunks.size());
            if (away || failure.isPresent()) {
                return PutOutcome.Failed.ofAll(failure.orElse(MissReason.NO_NODES), chunks.size());
            }
            if (shortOfMemory) {
                throw new OutOfMemoryError("no direct memory");
            }
            if (silent != null) {
                BlockKey without = silent;
                int place = chunks.stream().map(ChunkSource::key).toList().indexOf(without);
                chunks.stream()
                        .filter(chunk -> !chunk.key().equals(without))
                        .forEach(chunk -> stored.put(chunk.key(), ChunkBytes.of(chunk)));
                return new PutOutcome.Failed(MissReason.OWNER_SILENT, chunks.size() - 1, 0, 0, Set.of(place));
            }
            if (full) {
                return new PutOutcome.Rejected(0, 0, chunks.size());
            }
            batches.add(chunks.size());
            chunks.forEach(chunk -> stored.put(chunk.key(), ChunkBytes.of(chunk)));
            return new PutOutcome.Stored(chunks.size(), 0);
        }
    }
}
