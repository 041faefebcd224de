package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.ArithmeticModel.Defect;
import dev.kvern.runner.kv.PoolInvariants;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A model that computes NaN: whom it is computed for fails, and nobody else ever sees it. */
@Timeout(60)
class NotFiniteTest {
    private static final int[] PROMPT = EngineRig.prompt(1, 70);
    private static final int CHUNK_BLOCKS = EngineRig.CHUNK / EngineRig.BLOCK;

    private final MapTier tier = new MapTier();

    @Test
    void keysAndValuesOfAPromptAreNeverPublished() {
        // A chunk a step: the first is published when the second, with position 20, goes wrong.
        try (var rig = new EngineRig(64, tier, options(EngineRig.CHUNK, false))) {
            rig.model.defects = at(20, Defect.KEYS_AND_VALUES);
            KvernException failure = failure(rig, PROMPT);
            assertThat(failure.reason()).isEqualTo(ErrorReason.INTERNAL);
            assertThat(failure)
                    .hasMessageContaining("ArithmeticForCausalLM 000000000000")
                    .hasMessageContaining("keys or values at positions 16 to 31: NaN")
                    .hasMessageContaining("expected: finite numbers");
            assertLeft(rig, 1);

            rig.model.defects = (token, position) -> Defect.NONE;
            Collected again = rig.run(PROMPT, 12);
            assertThat(again.array()).isEqualTo(rig.model.expected(PROMPT, 12));
            assertThat(again.await().localTokens()).isEqualTo(EngineRig.CHUNK);
            assertThat(rig.engine.load().notFiniteRequests()).isEqualTo(1);
        }
    }

    @Test
    void logitsOfAPromptTakeTheWholeStepWithThem() {
        try (var rig = new EngineRig(64, tier, options(8 * EngineRig.CHUNK, false))) {
            rig.model.defects = at(69, Defect.LOGITS);
            assertThat(failure(rig, PROMPT)).hasMessageMatching(".*: logit of token \\d+ after position 69: NaN .*");
            assertLeft(rig, 0);
        }
    }

    @Test
    void whoeverDecodesBesideGetsItsOwnTokens() throws InterruptedException {
        try (var rig = new EngineRig(200, tier)) {
            var stepping = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                stepping.countDown();
                awaitQuietly(goOn);
            };
            // Of the second of three: the others do not get so far.
            int broken = 100 + 9;
            var batch = new AtomicInteger();
            var batchOfDefect = new AtomicInteger();
            rig.model.onDecode = batch::set;
            rig.model.defects = (token, position) -> {
                if (position != broken) {
                    return Defect.NONE;
                }
                batchOfDefect.set(batch.get());
                return Defect.KEYS_AND_VALUES;
            };
            List<int[]> prompts = List.of(EngineRig.prompt(2, 20), EngineRig.prompt(3, 100), EngineRig.prompt(4, 40));
            var streams = new ArrayList<Collected>();
            for (int[] prompt : prompts) {
                streams.add(new Collected());
                // Nobody waits for the tier, so that all decode together.
                rig.engine.submit(
                        new GenerationTask(
                                "test", prompt, OptionalInt.of(30), "", true, false, true, OptionalLong.empty()),
                        streams.get(streams.size() - 1));
                assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
            }
            goOn.countDown();
            for (int i : new int[] {0, 2}) {
                streams.get(i).await();
                assertThat(streams.get(i).array()).isEqualTo(rig.model.expected(prompts.get(i), 30));
            }
            var failure = catchThrowableOfType(
                    KvernException.class, () -> streams.get(1).await());
            assertThat(failure).hasMessageContaining("after position " + broken);
            assertThat(streams.get(1).array())
                    .as("what came before the token whose logits were not finite")
                    .isEqualTo(Arrays.copyOf(rig.model.expected(prompts.get(1), 30), 10));
            assertThat(batchOfDefect).as("requests in the step that went wrong").hasValue(3);
            assertLeft(rig, 1 + 6 + 2);
        }
    }

    @Test
    void whoeverWaitedForTheChunkComputesItItself() {
        try (var rig = new EngineRig(64, tier, options(EngineRig.CHUNK, false))) {
            var once = new AtomicBoolean(true);
            var second = new Collected();
            rig.model.defects = (token, position) -> {
                if (position == 40 && once.getAndSet(false)) {
                    return Defect.KEYS_AND_VALUES;
                }
                return Defect.NONE;
            };
            var submitted = new AtomicBoolean();
            rig.model.onStep = tokens -> {
                // Arrives while the first chunk is computed, so that it takes that over and waits for the next.
                if (!submitted.getAndSet(true)) {
                    rig.engine.submit(EngineRig.task(PROMPT, 12), second);
                }
            };
            failure(rig, PROMPT);
            second.await();
            assertThat(second.array()).isEqualTo(rig.model.expected(PROMPT, 12));
            assertThat(second.await().localTokens()).isEqualTo(2 * EngineRig.CHUNK);
            assertLeft(rig, 4);
        }
    }

    @Test
    void anAnswerThatCannotBeComputedAsAPromptIsNotShared() throws InterruptedException {
        try (var rig = new EngineRig(64, tier, options(64, true))) {
            var sharing = new CountDownLatch(1);
            var chunks = new AtomicInteger();
            rig.model.defects = (token, position) -> {
                // Decoding has been there; now the chunk from 80 on is computed, after the one from 64 on.
                if (position == 90 && chunks.get() > 0) {
                    sharing.countDown();
                    return Defect.KEYS_AND_VALUES;
                }
                return Defect.NONE;
            };
            rig.model.onStep = tokens -> {
                if (tokens == EngineRig.CHUNK) {
                    chunks.incrementAndGet();
                }
            };
            Collected answer = rig.run(PROMPT, 60);
            assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, 60));
            assertThat(sharing.await(20, TimeUnit.SECONDS)).isTrue();
            int[] next = IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(answer.array()))
                    .toArray();
            rig.model.defects = (token, position) -> Defect.NONE;
            Collected following = rig.run(next, 10);
            assertThat(following.array()).isEqualTo(rig.model.expected(next, 10));
            assertThat(following.await().localTokens()).isEqualTo(5 * EngineRig.CHUNK);
            assertThat(rig.engine.load().failedRequests()).isZero();
            assertThat(rig.memory.anyNotFinite()).isFalse();
        }
    }

    private KvernException failure(EngineRig rig, int[] prompt) {
        var stream = new Collected();
        rig.engine.submit(EngineRig.task(prompt, 12), stream);
        var failure = catchThrowableOfType(KvernException.class, stream::await);
        assertThat(failure).isNotNull();
        assertThat(stream.tokens).isEmpty();
        return failure;
    }

    /** Nothing is held, only so many chunks can be reused, the tier has no more of them, and the rest was cleared. */
    private void assertLeft(EngineRig rig, int chunks) {
        rig.awaitOffloaded();
        assertThat(rig.pool.usage().used()).isZero();
        assertThat(rig.pool.usage().cached()).isEqualTo(chunks * CHUNK_BLOCKS);
        PoolInvariants.check(rig.pool);
        assertThat(tier.chunks).hasSizeLessThanOrEqualTo(chunks);
        assertThat(rig.memory.anyNotFinite()).isFalse();
    }

    private static EngineOptions options(int prefillTokens, boolean share) {
        return new EngineOptions(EngineRig.BLOCK, EngineRig.CHUNK, prefillTokens, 8, 64, 1_000, 1_000, share);
    }

    private static ArithmeticModel.Defects at(int broken, Defect defect) {
        return (token, position) -> position == broken ? defect : Defect.NONE;
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
