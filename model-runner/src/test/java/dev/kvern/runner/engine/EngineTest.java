package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.CacheTier;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class EngineTest {
    private static final int[] PROMPT = EngineRig.prompt(1, 70);

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 15, 16, 17, 32, 33, 64, 100})
    void generatesWhatTheModelSays(int length) {
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            int[] prompt = EngineRig.prompt(length, length);
            Collected result = rig.run(prompt, 20);
            assertThat(result.array()).isEqualTo(rig.model.expected(prompt, 20));
            assertThat(result.ending).isEqualTo(Ending.LENGTH);
            Usage usage = result.await();
            assertThat(usage.promptTokens()).isEqualTo(length);
            assertThat(usage.computedTokens()).isEqualTo(length);
            assertThat(usage.generatedTokens()).isEqualTo(20);
        }
    }

    @Test
    void sameTokensWithoutCacheFromPoolFromTierAndWithAHoleInTheChain() {
        var tier = new MapTier();
        int[] expected = new ArithmeticModel(EngineRig.BLOCK, EngineRig.CHUNK).expected(PROMPT, 12);
        List<BlockKey> keys;
        try (var first = new EngineRig(64, tier)) {
            Collected cold = first.run(PROMPT, 12);
            assertThat(cold.array()).isEqualTo(expected);
            assertSources(cold, 0, 0, 70);
            first.awaitOffloaded();

            Collected local = first.run(PROMPT, 12);
            assertThat(local.array()).isEqualTo(expected);
            assertSources(local, 64, 0, 6);
            keys = first.engine.keySpace().keys(PROMPT, "").chunkKeys();
            assertThat(tier.chunks.keySet()).containsExactlyInAnyOrderElementsOf(keys);
        }
        try (var other = new EngineRig(64, tier)) {
            Collected cluster = other.run(PROMPT, 12);
            assertThat(cluster.array()).isEqualTo(expected);
            assertSources(cluster, 0, 64, 6);
        }
        tier.chunks.remove(keys.get(1));
        try (var another = new EngineRig(64, tier)) {
            Collected holed = another.run(PROMPT, 12);
            assertThat(holed.array()).isEqualTo(expected);
            assertSources(holed, 0, 16, 54);
            another.awaitOffloaded();
            assertThat(tier.chunks).as("the hole is filled").containsKey(keys.get(1));
        }
    }

    @Test
    void whoTakesNoMoreIsIdleOnceAllIsDone() throws InterruptedException {
        var tier = new MapTier();
        try (var rig = new EngineRig(64, tier)) {
            assertThat(rig.engine.awaitIdle(Duration.ZERO)).isTrue();
            var streams = new ArrayList<Collected>();
            for (int i = 0; i < 4; i++) {
                streams.add(new Collected());
                rig.engine.submit(EngineRig.task(EngineRig.prompt(i, 40), 30), streams.get(i));
            }
            rig.engine.drain();
            assertThat(rig.engine.awaitIdle(Duration.ofSeconds(40))).isTrue();
            for (int i = 0; i < 4; i++) {
                assertThat(streams.get(i).ending).isEqualTo(Ending.LENGTH);
                assertThat(streams.get(i).array()).isEqualTo(rig.model.expected(EngineRig.prompt(i, 40), 30));
            }
            var refused = catchThrowableOfType(
                    KvernException.class, () -> rig.engine.submit(EngineRig.task(PROMPT, 1), new Collected()));
            assertThat(refused.reason()).isEqualTo(ErrorReason.UNAVAILABLE);
        }
    }

    @Test
    void whatTheTierHasLostIsStoredAgainByWhoComputesIt() {
        var tier = new MapTier();
        try (var first = new EngineRig(64, tier)) {
            first.run(PROMPT, 1);
            first.awaitOffloaded();
        }
        try (var rig = new EngineRig(64, tier)) {
            assertSources(rig.run(control(PROMPT, true, true, false)), 0, 64, 6);
            List<BlockKey> keys = rig.engine.keySpace().keys(PROMPT, "").chunkKeys();
            tier.chunks.remove(keys.get(2));
            assertSources(rig.run(PROMPT, 1), 0, 32, 38);
            rig.awaitOffloaded();
            assertThat(tier.chunks.keySet()).containsExactlyInAnyOrderElementsOf(keys);
        }
    }

    @Test
    void aPoolAndATierThatHoldDifferentPartsOfAChainServeItTogether() {
        var tier = new MapTier();
        try (var first = new EngineRig(64, tier)) {
            first.run(PROMPT, 1);
            first.awaitOffloaded();
        }
        try (var second = new EngineRig(64, tier)) {
            second.run(Arrays.copyOf(PROMPT, 40), 1);
            Collected both = second.run(PROMPT, 12);
            assertThat(both.array()).isEqualTo(second.model.expected(PROMPT, 12));
            assertSources(both, 32, 32, 6);
        }
    }

    @Test
    void aPromptThatIsCachedToItsEndStillHasItsLastChunkComputed() {
        int[] whole = EngineRig.prompt(3, 64);
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            rig.run(whole, 4);
            Collected again = rig.run(whole, 4);
            assertThat(again.array()).isEqualTo(rig.model.expected(whole, 4));
            assertSources(again, 48, 0, 16);
        }
    }

    @Test
    void saltsNeverMeet() {
        var tier = new MapTier();
        try (var rig = new EngineRig(64, tier)) {
            rig.run(PROMPT, 2);
            rig.awaitOffloaded();
            Collected salted = rig.run(new GenerationTask(
                    "s", PROMPT, OptionalInt.of(2), "tenant", true, true, true, OptionalLong.empty()));
            assertSources(salted, 0, 0, 70);
        }
    }

    @Test
    void cacheControlIsObeyed() {
        var tier = new MapTier();
        try (var rig = new EngineRig(64, tier)) {
            Collected unwritten = rig.run(control(PROMPT, true, true, false));
            rig.awaitOffloaded();
            assertThat(tier.chunks).isEmpty();
            assertSources(unwritten, 0, 0, 70);
            assertSources(rig.run(control(PROMPT, true, true, true)), 0, 0, 70);
            rig.awaitOffloaded();
            assertSources(rig.run(control(PROMPT, false, true, false)), 0, 64, 6);
            assertSources(rig.run(control(PROMPT, false, false, true)), 0, 0, 70);
            assertSources(rig.run(control(PROMPT, true, false, false)), 64, 0, 6);
        }
    }

    @Test
    void manyRequestsAtATimeInAPoolTooSmallForThem() {
        long seed = 7;
        var random = new Random(seed);
        var tier = new MapTier();
        // The longest of them fills the pool alone.
        try (var rig = new EngineRig(50, tier, new EngineOptions(4, 16, 64, 8, 64, 1_000, 1_000, true))) {
            var streams = new ArrayList<Collected>();
            var expected = new ArrayList<int[]>();
            for (int i = 0; i < 60; i++) {
                int[] shared = EngineRig.prompt(random.nextInt(4), 10 + random.nextInt(60));
                int[] own = EngineRig.prompt(100 + i, 1 + random.nextInt(30));
                int[] prompt = IntStream.concat(Arrays.stream(shared), Arrays.stream(own))
                        .toArray();
                int count = 1 + random.nextInt(Math.min(80, 200 - prompt.length));
                expected.add(rig.model.expected(prompt, count));
                var stream = new Collected();
                rig.engine.submit(EngineRig.task(prompt, count), stream);
                streams.add(stream);
            }
            for (int i = 0; i < streams.size(); i++) {
                Usage usage = streams.get(i).await();
                assertThat(streams.get(i).array())
                        .as("request %d, seed %d", i, seed)
                        .isEqualTo(expected.get(i));
                assertThat(usage.localTokens() + usage.hostTokens() + usage.clusterTokens() + usage.computedTokens())
                        .isEqualTo(usage.promptTokens());
            }
            assertThat(rig.engine.load().preemptions())
                    .as("the pool was too small")
                    .isPositive();
            assertThat(rig.engine.load().finishedRequests()).isEqualTo(60);
        }
    }

    @Test
    void afterAllHasEndedNoBlockIsHeld() {
        try (var rig = new EngineRig(64, new MapTier())) {
            rig.run(PROMPT, 30);
            rig.awaitOffloaded();
            assertThat(rig.pool.usage().used()).isZero();
            assertThat(rig.pool.usage().cached()).isEqualTo(16);
        }
    }

    @Test
    void generatedTokensAreSharedWithTheNextTurn() throws InterruptedException {
        var tier = new MapTier();
        try (var rig = new EngineRig(64, tier, new EngineOptions(4, 16, 64, 8, 64, 1_000, 1_000, true))) {
            var computed = new CountDownLatch(5);
            rig.model.onStep = tokens -> {
                if (tokens == 16) {
                    computed.countDown();
                }
            };
            // 70 tokens: 4 full chunks, computed in one step; with 80 more 150, which makes 5 more.
            Collected first = rig.run(PROMPT, 80);
            assertThat(computed.await(20, TimeUnit.SECONDS)).isTrue();
            rig.model.onStep = tokens -> {};
            int[] next = IntStream.concat(Arrays.stream(PROMPT), Arrays.stream(first.array()))
                    .toArray();
            next = IntStream.concat(Arrays.stream(next), IntStream.of(5, 6, 7)).toArray();
            Collected second = rig.run(next, 10);
            assertThat(second.array()).isEqualTo(rig.model.expected(next, 10));
            assertSources(second, 144, 0, 9);
        }
    }

    @Test
    void aCancelledRequestStopsAtOnceAndGivesItsBlocksBack() throws InterruptedException {
        try (var rig = new EngineRig(600, CacheTier.NONE)) {
            var started = new CountDownLatch(3);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                started.countDown();
                if (started.getCount() == 0) {
                    awaitQuietly(goOn);
                }
            };
            var stream = new Collected();
            Ticket ticket = rig.engine.submit(EngineRig.task(EngineRig.prompt(5, 1_000), 500), stream);
            assertThat(started.await(20, TimeUnit.SECONDS)).isTrue();
            ticket.cancel();
            goOn.countDown();
            var failure = catchThrowableOfType(KvernException.class, stream::await);
            assertThat(failure.reason()).isEqualTo(ErrorReason.CANCELLED);
            assertThat(stream.tokens).isEmpty();
            assertThat(rig.run(PROMPT, 1).tokens).hasSize(1);
            rig.awaitOffloaded();
            assertThat(rig.pool.usage().used()).isZero();
        }
    }

    @Test
    void aDeadlineEndsARequest() {
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            long deadline = rig.nanos.get() + 1_000;
            rig.model.onStep = tokens -> rig.nanos.addAndGet(100);
            var task = new GenerationTask(
                    "d", PROMPT, OptionalInt.of(50), "", true, true, true, OptionalLong.of(deadline));
            var stream = new Collected();
            rig.engine.submit(task, stream);
            var failure = catchThrowableOfType(KvernException.class, stream::await);
            assertThat(failure.reason()).isEqualTo(ErrorReason.DEADLINE_EXCEEDED);
            assertThat(failure).hasMessageContaining("deadline").hasMessageContaining("expected");
            // 2 steps of 4 chunks and of 1, then a token for each 100 ns that are left.
            assertThat(stream.tokens).hasSizeLessThanOrEqualTo(9);
        }
    }

    @Test
    void aReaderThatTakesNothingPausesItsRequestAndThenLosesIt() {
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            var slow = new Collected() {
                @Override
                public Choice next(float[] logits) {
                    ready = tokens.size() < 2;
                    return super.next(logits);
                }
            };
            rig.engine.submit(EngineRig.task(PROMPT, 50), slow);
            // Another request is not held up by it.
            assertThat(rig.run(EngineRig.prompt(9, 20), 5).tokens).hasSize(5);
            while (slow.tokens.size() < 3) {
                Thread.onSpinWait();
            }
            assertThat(slow.usage).isNotDone();
            slow.ready = true;
            rig.pulse.wake();
            while (slow.tokens.size() < 4) {
                Thread.onSpinWait();
            }
            while (!slow.usage.isDone()) {
                rig.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(600));
                rig.pulse.wake();
                Thread.yield();
            }
            assertThatThrownBy(slow::await).hasMessageContaining("responses").hasMessageContaining("expected");
        }
    }

    @Test
    void aStreamThatThrowsEndsItsOwnRequestOnly() {
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            var broken = new Collected() {
                @Override
                public Choice next(float[] logits) {
                    throw new IllegalStateException("no sampling today");
                }
            };
            rig.engine.submit(EngineRig.task(PROMPT, 5), broken);
            var failure = catchThrowableOfType(KvernException.class, broken::await);
            assertThat(failure.reason()).isEqualTo(ErrorReason.INTERNAL);
            assertThat(rig.run(PROMPT, 5).array()).isEqualTo(rig.model.expected(PROMPT, 5));
        }
    }

    @Test
    void refusesWhatCannotBe() {
        try (var rig = new EngineRig(64, CacheTier.NONE)) {
            refused(rig, new int[0], 1, "prompt: empty");
            refused(rig, new int[2_048], 1, "prompt: 2048 tokens", "2047");
            refused(rig, new int[] {1, 97}, 1, "prompt token 1: 97", "0 to 96");
            refused(rig, PROMPT, 0, "max_tokens: 0", "1 to");
            refused(rig, PROMPT, -1, "max_tokens: -1", "1 to");
            refused(rig, PROMPT, 2_000, "max_tokens: 2000", "2048");
            refused(rig, PROMPT, 200, "max_tokens: 200", "KV pool of 256 tokens");
        }
    }

    @Test
    void aFullQueueRefuses() throws InterruptedException {
        try (var rig = new EngineRig(64, CacheTier.NONE, new EngineOptions(4, 16, 64, 1, 2, 1_000, 1_000, false))) {
            var stepping = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                stepping.countDown();
                awaitQuietly(goOn);
            };
            var streams = new ArrayList<Collected>();
            streams.add(new Collected());
            rig.engine.submit(EngineRig.task(PROMPT, 2), streams.get(0));
            assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 2; i++) {
                streams.add(new Collected());
                rig.engine.submit(EngineRig.task(PROMPT, 2), streams.get(i + 1));
            }
            var failure = catchThrowableOfType(
                    KvernException.class, () -> rig.engine.submit(EngineRig.task(PROMPT, 2), new Collected()));
            assertThat(failure.reason()).isEqualTo(ErrorReason.RESOURCE_EXHAUSTED);
            goOn.countDown();
            streams.forEach(Collected::await);
        }
    }

    @Test
    void aRefusedRequestIsToldHowManyWaitAndWhenToComeAgain() throws InterruptedException {
        try (var rig = new EngineRig(64, CacheTier.NONE, new EngineOptions(4, 16, 64, 1, 2, 1_000, 1_000, false))) {
            var stepping = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                stepping.countDown();
                awaitQuietly(goOn);
            };
            rig.engine.submit(EngineRig.task(PROMPT, 2), new Collected());
            assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
            rig.engine.submit(EngineRig.task(PROMPT, 2), new Collected());
            rig.engine.submit(EngineRig.task(PROMPT, 2), new Collected());
            var failure = catchThrowableOfType(
                    KvernException.class, () -> rig.engine.submit(EngineRig.task(PROMPT, 2), new Collected()));
            assertThat(failure).hasMessageContaining("2 wait").hasMessageContaining("expected: fewer than 2");
            assertThat(failure.retryAfterMillis()).hasValue(DrainRate.UNKNOWN_MILLIS);
            assertThat(rig.engine.load().refusedRequests()).isEqualTo(1);
            goOn.countDown();
        }
    }

    @Test
    void aFloodOfOneTenantLeavesOthersAPlaceInTheQueue() throws InterruptedException {
        try (var rig = new EngineRig(64, CacheTier.NONE, new EngineOptions(4, 16, 64, 1, 8, 1_000, 1_000, false))) {
            var stepping = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                stepping.countDown();
                awaitQuietly(goOn);
            };
            rig.engine.submit(salted("flood"), new Collected());
            assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
            for (int i = 0; i < 8; i++) {
                rig.engine.submit(salted("flood"), new Collected());
            }
            assertThatThrownBy(() -> rig.engine.submit(salted("flood"), new Collected()))
                    .hasMessageContaining("8 wait (expected: fewer than 8");
            rig.engine.submit(salted("other"), new Collected());
            rig.engine.submit(salted("another"), new Collected());
            assertThatThrownBy(() -> rig.engine.submit(salted("late"), new Collected()))
                    .hasMessageContaining("10 wait (expected: fewer than 8");
            goOn.countDown();
        }
    }

    @Test
    void requestsDecodeTogetherAndGetTheTokensTheyWouldGetAlone() throws InterruptedException {
        try (var rig = new EngineRig(200, CacheTier.NONE)) {
            var stepping = new CountDownLatch(1);
            var goOn = new CountDownLatch(1);
            rig.model.onStep = tokens -> {
                stepping.countDown();
                awaitQuietly(goOn);
            };
            var streams = new ArrayList<Collected>();
            for (int i = 0; i < 6; i++) {
                streams.add(new Collected());
                rig.engine.submit(EngineRig.task(EngineRig.prompt(i, 20 + 5 * i), 40), streams.get(i));
                assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
            }
            goOn.countDown();
            for (int i = 0; i < 6; i++) {
                streams.get(i).await();
                assertThat(streams.get(i).array()).isEqualTo(rig.model.expected(EngineRig.prompt(i, 20 + 5 * i), 40));
            }
            EngineLoad load = rig.engine.load();
            assertThat(load.decodedTokens()).isEqualTo(6 * 39);
            assertThat(load.decodeSteps()).as("nearly all in batches of 6").isBetween(39L, 60L);
            assertThat(load.admissions()).isEqualTo(6);
        }
    }

    @Test
    void aBatchThatFailsIsHalved() {
        try (var rig = new EngineRig(200, CacheTier.NONE)) {
            rig.model.batchLimit = 1;
            var one = new Collected();
            var two = new Collected();
            rig.engine.submit(EngineRig.task(EngineRig.prompt(1, 20), 40), one);
            rig.engine.submit(EngineRig.task(EngineRig.prompt(2, 20), 40), two);
            one.await();
            two.await();
            assertThat(one.array()).isEqualTo(rig.model.expected(EngineRig.prompt(1, 20), 40));
            assertThat(two.array()).isEqualTo(rig.model.expected(EngineRig.prompt(2, 20), 40));
            assertThat(rig.engine.load().failedRequests()).isZero();
        }
    }

    @Test
    void refusesAPriorityOutOfRange() {
        assertThatThrownBy(() -> new GenerationTask(
                        "p", PROMPT, OptionalInt.of(1), "", true, true, true, OptionalLong.empty(), 101))
                .hasMessage("priority: 101 (expected: -100 to 100)");
    }

    @Test
    void closingEndsEveryRequest() {
        var rig = new EngineRig(64, CacheTier.NONE);
        var stream = new Collected() {
            @Override
            public boolean ready() {
                return false;
            }
        };
        rig.engine.submit(EngineRig.task(PROMPT, 50), stream);
        rig.close();
        var failure = catchThrowableOfType(KvernException.class, stream::await);
        assertThat(failure.reason()).isEqualTo(ErrorReason.UNAVAILABLE);
        var late = catchThrowableOfType(
                KvernException.class, () -> rig.engine.submit(EngineRig.task(PROMPT, 1), new Collected()));
        assertThat(late.reason()).isEqualTo(ErrorReason.UNAVAILABLE);
    }

    private static void refused(EngineRig rig, int[] prompt, int maxTokens, String... words) {
        var failure = catchThrowableOfType(
                KvernException.class, () -> rig.engine.submit(EngineRig.task(prompt, maxTokens), new Collected()));
        assertThat(failure.reason()).isEqualTo(ErrorReason.INVALID_ARGUMENT);
        assertThat(failure.getMessage()).contains(words).contains("expected");
    }

    private static GenerationTask salted(String salt) {
        return new GenerationTask("s", PROMPT, OptionalInt.of(2), salt, true, true, true, OptionalLong.empty());
    }

    private static GenerationTask control(int[] prompt, boolean local, boolean cluster, boolean write) {
        return new GenerationTask("c", prompt, OptionalInt.of(2), "", local, cluster, write, OptionalLong.empty());
    }

    private static void assertSources(Collected result, int local, int cluster, int computed) {
        Usage usage = result.await();
        assertThat(List.of(usage.localTokens(), usage.clusterTokens(), usage.computedTokens()))
                .as("local, cluster, computed")
                .containsExactly(local, cluster, computed);
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
