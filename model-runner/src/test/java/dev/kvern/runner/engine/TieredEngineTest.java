package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.ChunkSink;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.EvictionRescue;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.HostAllocator;
import dev.kvern.runner.tier.HostSlab;
import dev.kvern.runner.tier.HostTier;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.PutOutcome;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The engine with tiers that hold a part, stall, or take what the pool gives up. */
@Timeout(60)
class TieredEngineTest {
    private static final int[] PROMPT = EngineRig.prompt(1, 70);
    private static final int CHUNK_BYTES = EngineRig.CHUNK * Long.BYTES;

    private final ExecutorService copies = Executors.newSingleThreadExecutor();

    @AfterEach
    void stop() {
        copies.shutdownNow();
    }

    @Test
    void whatThePoolGivesUpComesBackFromHostMemoryWithTheSameTokens() {
        var host = new HostTier(CacheTier.NONE, slab(16), copies);
        try (var rig = new EngineRig(24, host)) {
            rig.pool.onEviction(
                    EngineRig.CHUNK / EngineRig.BLOCK,
                    new EvictionRescue(rig.memory, host, null, EngineRig.CHUNK, rig.engine.keySpace()::labels));
            assertSources(rig.run(PROMPT, 12), 0, 0, 0, 70);
            rig.awaitOffloaded();
            // 18 blocks each: little of the first one's is left.
            rig.run(EngineRig.prompt(2, 70), 2);
            rig.awaitOffloaded();
            Collected again = rig.run(PROMPT, 12);
            assertThat(again.array()).isEqualTo(rig.model.expected(PROMPT, 12));
            Usage usage = again.await();
            assertThat(usage.hostTokens()).isPositive();
            assertThat(usage.localTokens() + usage.hostTokens()).isEqualTo(64);
            assertThat(rig.engine.load().hostTokens()).isEqualTo(usage.hostTokens());
        }
    }

    @Test
    void hostMemoryAndTheClusterServeOneChainTogether() {
        var cluster = new MapTier();
        try (var first = new EngineRig(64, cluster)) {
            first.run(PROMPT, 1);
            first.awaitOffloaded();
        }
        var host = new HostTier(cluster, slab(2), copies);
        try (var rig = new EngineRig(64, host)) {
            // Two chunks fit, the head of the chain.
            rig.run(withoutPool(false));
            rig.awaitOffloaded();
            Collected both = rig.run(withoutPool(true));
            assertThat(both.array()).isEqualTo(rig.model.expected(PROMPT, 2));
            assertSources(both, 0, 32, 32, 6);
            assertThat(both.await().spans())
                    .containsExactly(
                            new PromptSpan(Source.HOST, 32),
                            new PromptSpan(Source.CLUSTER, 32),
                            new PromptSpan(Source.COMPUTED, 6));
            var told = new Collected();
            told.wantsProgress = true;
            rig.engine.submit(withoutPool(true), told);
            told.await();
            assertThat(told.progress).isNotEmpty();
            assertThat(told.progress.get(told.progress.size() - 1))
                    .isEqualTo(told.await().spans());
            assertThat(told.progress)
                    .extracting(
                            spans -> spans.stream().mapToInt(PromptSpan::tokens).sum())
                    .isSorted();
            assertThat(both.progress).as("not asked for").isEmpty();
        }
    }

    @Test
    void whatWasNeverStoredGoesToTheClusterWhenItIsEvicted() {
        var cluster = new MapTier();
        try (var rig = new EngineRig(24, cluster)) {
            rig.pool.onEviction(
                    EngineRig.CHUNK / EngineRig.BLOCK,
                    new EvictionRescue(
                            rig.memory, null, rig.offloader, EngineRig.CHUNK, rig.engine.keySpace()::labels));
            // Not offered after its prefill, but kept in the pool: as the policy "on eviction" has it.
            rig.run(EngineRig.prompt(3, 70), 1);
            rig.awaitOffloaded();
            cluster.chunks.clear();
            rig.offloader.lost(
                    rig.engine.keySpace().keys(EngineRig.prompt(3, 70), "").chunkKeys());
            rig.run(PROMPT, 1);
            rig.awaitOffloaded();
            assertThat(cluster.chunks.keySet())
                    .containsAnyElementsOf(rig.engine
                            .keySpace()
                            .keys(EngineRig.prompt(3, 70), "")
                            .chunkKeys());
        }
    }

    @Test
    void chunksOfAFetchThatStallsAreUsedByOthersAndKeptWhenItIsCut() {
        var stalling = new StallingTier();
        int[] expected = new ArithmeticModel(EngineRig.BLOCK, EngineRig.CHUNK).expected(PROMPT, 2);
        try (var filled = new EngineRig(64, stalling.stored)) {
            filled.run(PROMPT, 1);
            filled.awaitOffloaded();
        }
        try (var rig = new EngineRig(64, stalling)) {
            var waiting = new Collected();
            rig.engine.submit(EngineRig.task(PROMPT, 2), waiting);
            stalling.awaitFetch();
            stalling.deliver(2);
            awaitCached(rig, 8);
            // Half of the chain is there for a request that does not ask the tier.
            Collected beside = rig.run(
                    new GenerationTask("b", PROMPT, OptionalInt.of(2), "", true, false, true, OptionalLong.empty()));
            assertThat(beside.array()).isEqualTo(expected);
            assertSources(beside, 32, 0, 0, 38);
            assertThat(waiting.usage).isNotDone();
            stalling.end(new FetchOutcome.PartialHit(2, MissReason.TIMEOUT));
            waiting.await();
            assertThat(waiting.array()).isEqualTo(expected);
            // The rest was computed by the request beside it.
            assertSources(waiting, 32, 0, 32, 6);
            rig.awaitOffloaded();
            assertThat(rig.pool.usage().used()).isZero();
        }
    }

    @Test
    void aRequestCancelledWhileItFetchesLeavesWhatCame() {
        var stalling = new StallingTier();
        try (var filled = new EngineRig(64, stalling.stored)) {
            filled.run(PROMPT, 1);
            filled.awaitOffloaded();
        }
        try (var rig = new EngineRig(64, stalling)) {
            var stream = new Collected();
            Ticket ticket = rig.engine.submit(EngineRig.task(PROMPT, 2), stream);
            stalling.awaitFetch();
            stalling.deliver(1);
            awaitCached(rig, 4);
            ticket.cancel();
            assertThat(stream.usage).failsWithin(20, TimeUnit.SECONDS);
            assertThat(rig.pool.usage().used()).isZero();
            assertThat(rig.pool.usage().cached()).isEqualTo(4);
        }
    }

    private static HostSlab slab(int chunks) {
        return HostSlab.allocate(HostAllocator.DIRECT, (long) chunks * CHUNK_BYTES, CHUNK_BYTES, true);
    }

    private static GenerationTask withoutPool(boolean tiers) {
        return new GenerationTask("w", PROMPT, OptionalInt.of(2), "", false, tiers, true, OptionalLong.empty());
    }

    private static void assertSources(Collected result, int local, int host, int cluster, int computed) {
        Usage usage = result.await();
        assertThat(List.of(usage.localTokens(), usage.hostTokens(), usage.clusterTokens(), usage.computedTokens()))
                .as("local, host, cluster, computed")
                .containsExactly(local, host, cluster, computed);
    }

    /** Waits until the engine has published so many blocks: some are pinned by the request that fetches. */
    private static void awaitCached(EngineRig rig, int blocks) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        List<BlockKey> keys = rig.engine.keySpace().keys(PROMPT, "").chunkKeys();
        while (true) {
            var names = rig.engine.keySpace().keys(PROMPT, "");
            var pins = rig.pool.pinLongestPrefix(names.namespace(), names.digests(), 1);
            pins.forEach(pin -> pin.close());
            if (pins.size() == blocks) {
                return;
            }
            if (System.nanoTime() - deadline > 0) {
                throw new AssertionError(
                        pins.size() + " blocks of " + keys.size() + " chunks (expected: " + blocks + ")");
            }
            Thread.onSpinWait();
        }
    }

    /** Brings chunks when it is told to. */
    private static final class StallingTier implements CacheTier {
        private final MapTier stored = new MapTier();
        private final CompletableFuture<FetchOutcome> outcome = new CompletableFuture<>();
        private final CompletableFuture<ChunkSink> fetching = new CompletableFuture<>();
        private volatile @Nullable List<BlockKey> asked;

        void awaitFetch() {
            fetching.orTimeout(20, TimeUnit.SECONDS).join();
        }

        void deliver(int chunks) {
            List<BlockKey> keys = asked;
            for (int i = 0; keys != null && i < chunks; i++) {
                fetching.join().accept(i, ByteBuffer.wrap(stored.chunks.getOrDefault(keys.get(i), new byte[0])));
            }
        }

        void end(FetchOutcome how) {
            outcome.complete(how);
        }

        @Override
        public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
            asked = List.copyOf(keys);
            fetching.complete(sink);
            return new Fetch() {
                @Override
                public CompletableFuture<FetchOutcome> outcome() {
                    return outcome;
                }

                @Override
                public void cancel() {
                    outcome.complete(new FetchOutcome.Miss(MissReason.CANCELLED));
                }
            };
        }

        @Override
        public OptionalInt match(List<BlockKey> keys) {
            return stored.match(keys);
        }

        @Override
        public PutOutcome put(List<? extends ChunkSource> chunks) {
            return stored.put(chunks);
        }
    }
}
