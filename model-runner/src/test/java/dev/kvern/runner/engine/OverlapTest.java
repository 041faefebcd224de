package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.PoolUsage;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.ChunkSink;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.OffloadQueue;
import dev.kvern.runner.tier.PutOutcome;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A prompt computed from the front while its tail arrives, a step at a time on one thread. */
class OverlapTest {
    private static final int BLOCK = EngineRig.BLOCK;
    private static final int CHUNK = EngineRig.CHUNK;
    private static final int CHUNKS = 8;
    private static final int BLOCKS = 128;
    private static final int[] TOKENS = EngineRig.prompt(1, CHUNKS * CHUNK + 6);

    private final ArithmeticModel model = new ArithmeticModel(BLOCK, CHUNK);
    private final ArithmeticModel.Memory memory = model.allocate(BLOCKS);
    private final BlockPool pool = new BlockPool(BLOCKS);
    private final EngineOptions options = new EngineOptions(BLOCK, CHUNK, CHUNK, 8, 64, 1, 1_000, false);
    private final FetchPlanner planner =
            new FetchPlanner(FetchPolicy.OVERLAP, CHUNK, options.chunkBlocks() * memory.blockBytes());
    private final Prefill prefill =
            new Prefill(model, memory, pool, OffloadQueue.NONE, options, planner, new EngineCounters(), () -> 0);
    private final StepTier tier = new StepTier();
    private final Prompt prompt = newPrompt();

    private Prompt newPrompt() {
        return new Prompt(TOKENS, new KeySpace(model.spec(), BLOCK, CHUNK).keys(TOKENS, ""), true, true, CHUNK, true);
    }

    @BeforeEach
    void storeTheChain() {
        var other = new BlockPool(BLOCKS);
        var otherMemory = model.allocate(BLOCKS);
        var filling = new Prefill(
                model, otherMemory, other, OffloadQueue.NONE, options, planner, new EngineCounters(), () -> 0);
        Prompt whole = newPrompt();
        assertThat(filling.begin(whole, 0)).isTrue();
        while (!whole.done()) {
            filling.step(whole, 1, false);
        }
        for (int chunk = 0; chunk < CHUNKS; chunk++) {
            var bytes = ByteBuffer.allocate(options.chunkBlocks() * memory.blockBytes());
            for (int block = 0; block < options.chunkBlocks(); block++) {
                otherMemory.read(whole.table.indices()[chunk * options.chunkBlocks() + block], bytes);
            }
            tier.stored.put(prompt.keys.chunkKeys().get(chunk), bytes.array());
        }
    }

    @Test
    void bothSidesMeet() {
        begin();
        tier.bring(3);
        step();
        step();
        assertThat(prompt.computed).isEqualTo(2 * CHUNK);
        tier.bring(3);
        prefill.adopt(prompt);
        assertThat(prompt.computed).isEqualTo(CHUNKS * CHUNK);
        finish();
        assertThat(prompt.sources()).containsExactly(0, 0, 6 * CHUNK, 2 * CHUNK + 6);
        assertThat(prompt.spans.toList())
                .containsExactly(
                        new PromptSpan(Source.COMPUTED, 2 * CHUNK),
                        new PromptSpan(Source.CLUSTER, 6 * CHUNK),
                        new PromptSpan(Source.COMPUTED, 6));
        assertThat(tier.cancelled).isTrue();
    }

    @Test
    void withoutAnythingFromTheTierAllIsComputed() {
        begin();
        finish();
        assertThat(prompt.sources()).containsExactly(0, 0, 0, TOKENS.length);
        tier.bring(CHUNKS);
        assertThat(prompt.tail == null || prompt.tail.arrivedFrom(0) == 0).isTrue();
    }

    @Test
    void whatOthersComputedIsNotWrittenOverByWhatArrives() {
        begin();
        Prompt beside = newPrompt();
        assertThat(prefill.begin(beside, 0)).isTrue();
        for (int i = 0; i < 3; i++) {
            prefill.step(beside, 1, false);
        }
        prefill.adopt(prompt);
        assertThat(prompt.computed).isEqualTo(3 * CHUNK);
        // The blocks that they replaced are someone else's now.
        var reused = pool.acquire(pool.usage().free()).orElseThrow();
        var before = new ArrayList<byte[]>();
        reused.forEach(block -> before.add(read(block.index())));
        tier.bring(CHUNKS);
        for (int i = 0; i < reused.size(); i++) {
            assertThat(read(reused.get(i).index())).isEqualTo(before.get(i));
        }
        reused.forEach(block -> block.close());
        finish();
        assertThat(prompt.sources()).containsExactly(3 * CHUNK, 0, 5 * CHUNK, 6);
        assertThat(prompt.spans.toList())
                .containsExactly(
                        new PromptSpan(Source.LOCAL, 3 * CHUNK),
                        new PromptSpan(Source.CLUSTER, 5 * CHUNK),
                        new PromptSpan(Source.COMPUTED, 6));
        beside.release();
        prompt.release();
        assertThat(pool.usage().used()).isZero();
    }

    @Test
    void aReleasedPromptIsWrittenToNoMore() {
        begin();
        tier.bring(1);
        prompt.release();
        assertThat(tier.cancelled).isTrue();
        assertThat(pool.usage()).isEqualTo(new PoolUsage(BLOCKS, 0, 0));
        List<byte[]> before = new ArrayList<>();
        for (int block = 0; block < BLOCKS; block++) {
            before.add(read(block));
        }
        tier.bring(CHUNKS);
        for (int block = 0; block < BLOCKS; block++) {
            assertThat(read(block)).isEqualTo(before.get(block));
        }
    }

    @Test
    void anyInterleavingGivesTheSameToken() {
        for (long seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            Prompt each = newPrompt();
            assertThat(prefill.begin(each, 0)).isTrue();
            // Not from the pool: what the rounds before have left there.
            each.release();
            var fresh = new BlockPool(BLOCKS);
            var own = new Prefill(
                    model, memory, fresh, OffloadQueue.NONE, options, planner, new EngineCounters(), () -> 0);
            assertThat(own.begin(each, 0)).isTrue();
            begin(each, own);
            float[] logits = {};
            while (!each.done()) {
                if (random.nextBoolean()) {
                    tier.bring(random.nextInt(3));
                }
                own.adopt(each);
                logits = own.step(each, 1 + random.nextInt(3), true);
            }
            assertThat(choice(logits)).as("seed %d", seed).isEqualTo(model.expected(TOKENS, 1)[0]);
            each.release();
            assertThat(fresh.usage().used()).isZero();
        }
    }

    @Test
    void isPlannedOnlyWhereItSavesMuch() {
        // 10 ms a chunk either way: computing half and fetching half takes half the time.
        var slow = new FetchPlanner(FetchPolicy.OVERLAP, CHUNK, 1_000);
        for (int i = 0; i < 6; i++) {
            FetchPlan plan = slow.plan(0, 1 + i, 0);
            slow.ended(plan, new FetchOutcome.Hit(1 + i), 0, 10_000_000L * (1 + i));
        }
        slow.computed(0, CHUNK, 10_000_000);
        slow.computed(CHUNK, CHUNK, 10_000_000);
        FetchPlan overlapped = slow.plan(0, 40, 0);
        assertThat(overlapped.kind()).isEqualTo(FetchPlan.Kind.OVERLAP);
        assertThat(overlapped.estimatedNanos()).isBetween(190_000_000L, 220_000_000L);
        slow.ended(overlapped, new FetchOutcome.Miss(MissReason.CANCELLED), 0, 0);
        assertThat(slow.plan(0, 2, 0).kind()).as("saves 10 ms").isNotEqualTo(FetchPlan.Kind.OVERLAP);
    }

    private void begin() {
        assertThat(prefill.begin(prompt, 0)).isTrue();
        begin(prompt, prefill);
    }

    private void begin(Prompt of, Prefill by) {
        var plan = new FetchPlan(FetchPlan.Kind.OVERLAP, CHUNKS, 0, true, 0, 0, 0);
        of.tail = new ArrivingTail(memory, planner, plan, by.missing(of), 0, by.missingBlocks(of), () -> 0);
        of.tail.start(tier);
    }

    private void step() {
        prefill.adopt(prompt);
        prefill.step(prompt, 1, true);
    }

    private void finish() {
        float[] logits = {};
        while (!prompt.done()) {
            prefill.adopt(prompt);
            logits = prefill.step(prompt, 1, true);
        }
        assertThat(choice(logits)).isEqualTo(model.expected(TOKENS, 1)[0]);
    }

    private byte[] read(int block) {
        var bytes = ByteBuffer.allocate(memory.blockBytes());
        memory.read(block, bytes);
        return bytes.array();
    }

    private static int choice(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    /** Brings the next chunks asked for when it is told to, even after it was cancelled. */
    private static final class StepTier implements CacheTier {
        private final Map<BlockKey, byte[]> stored = new HashMap<>();
        private List<BlockKey> asked = List.of();
        private @Nullable ChunkSink sink;
        private int brought;
        private boolean cancelled;

        void bring(int chunks) {
            ChunkSink to = sink;
            for (int i = 0; to != null && i < chunks && brought < asked.size(); i++) {
                to.accept(brought, ByteBuffer.wrap(stored.getOrDefault(asked.get(brought), new byte[0])));
                brought++;
            }
        }

        @Override
        public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink to) {
            asked = List.copyOf(keys);
            sink = to;
            brought = 0;
            cancelled = false;
            return new Fetch() {
                @Override
                public CompletableFuture<FetchOutcome> outcome() {
                    return new CompletableFuture<>();
                }

                @Override
                public void cancel() {
                    cancelled = true;
                }
            };
        }

        @Override
        public OptionalInt match(List<BlockKey> keys) {
            return OptionalInt.of(
                    (int) keys.stream().takeWhile(stored::containsKey).count());
        }

        @Override
        public PutOutcome put(List<? extends ChunkSource> chunks) {
            throw new AssertionError("nothing is offloaded");
        }
    }
}
