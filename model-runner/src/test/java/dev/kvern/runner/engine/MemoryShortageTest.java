package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.PoolInvariants;
import dev.kvern.runner.tier.CacheTier;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A device without memory for a step: smaller steps, later ones, and a clear end where neither helps. */
@Timeout(60)
class MemoryShortageTest {
    private static final int[] PROMPT = EngineRig.prompt(1, 150);
    private static final EngineOptions OPTIONS =
            new EngineOptions(EngineRig.BLOCK, EngineRig.CHUNK, 8 * EngineRig.CHUNK, 8, 64, 1_000, 1_000, false);

    private final CountDownLatch goOn = new CountDownLatch(1);

    @Test
    void aPromptIsComputedInSmallerSteps() {
        try (var rig = new EngineRig(64, new MapTier(), OPTIONS)) {
            var steps = new ArrayList<Integer>();
            rig.model.onStep = steps::add;
            rig.model.noMemoryFor = rows -> rows > 3 * EngineRig.CHUNK;
            Collected answer = rig.run(PROMPT, 12);
            assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, 12));
            // 8 and 4 chunks are too many; what is learned holds for the steps that follow.
            assertThat(steps.subList(0, 7)).containsExactly(128, 64, 32, 32, 32, 32, 22);
            assertThat(rig.engine.load().memoryShortages()).isEqualTo(2);
            assertNothingHeld(rig);
        }
    }

    @Test
    void aBatchIsDecodedInSmallerOnesAndLearnsHowLargeTheyMayBe() throws InterruptedException {
        try (var rig = new EngineRig(200, CacheTier.NONE, OPTIONS)) {
            List<Collected> streams = startTogether(rig, 6, 40);
            rig.model.noMemoryFor = rows -> rows > 2 && rows < EngineRig.CHUNK;
            release();
            for (int i = 0; i < streams.size(); i++) {
                streams.get(i).await();
                assertThat(streams.get(i).array()).isEqualTo(rig.model.expected(EngineRig.prompt(i, 20), 40));
            }
            // Six at once, then three; not again for each of the 39 tokens.
            assertThat(rig.engine.load().memoryShortages()).isBetween(1L, 6L);
            assertNothingHeld(rig);
        }
    }

    @Test
    void whereNoStepIsSmallEnoughTheRequestWaitsForMemory() {
        try (var rig = new EngineRig(64, CacheTier.NONE, OPTIONS)) {
            var failures = new AtomicInteger();
            // As long as another process has it: some steps of the prompt, then some tokens.
            rig.model.noMemoryFor = rows -> failures.incrementAndGet() < 12;
            Collected answer = rig.run(PROMPT, 12);
            assertThat(answer.array()).isEqualTo(rig.model.expected(PROMPT, 12));
            assertThat(rig.engine.load().failedRequests()).isZero();
            var later = new AtomicInteger();
            rig.model.noMemoryFor = rows -> rows == 1 && later.incrementAndGet() < 5;
            assertThat(rig.run(EngineRig.prompt(2, 30), 12).array())
                    .isEqualTo(rig.model.expected(EngineRig.prompt(2, 30), 12));
            assertThat(later.get()).isGreaterThan(5);
            assertNothingHeld(rig);
        }
    }

    @Test
    void aRequestThatFindsNoneForLongEndsAndTheOthersGoOn() {
        try (var rig = new EngineRig(200, CacheTier.NONE, OPTIONS)) {
            // Nobody's first chunk fits, until the request before has been given up.
            rig.model.noMemoryFor = rows -> {
                rig.nanos.addAndGet(TimeUnit.MILLISECONDS.toNanos(300));
                return rows >= EngineRig.CHUNK;
            };
            var stream = new Collected();
            rig.engine.submit(EngineRig.task(PROMPT, 5), stream);
            var failure = catchThrowableOfType(KvernException.class, stream::await);
            assertThat(failure.reason()).isEqualTo(ErrorReason.RESOURCE_EXHAUSTED);
            assertThat(failure)
                    .hasMessageContaining("device memory: none for 2")
                    .hasMessageContaining("no memory for 16 rows")
                    .hasMessageContaining("expected: room");
            assertThat(failure.retryAfterMillis()).isPresent();
            rig.model.noMemoryFor = rows -> false;
            Collected next = rig.run(PROMPT, 5);
            assertThat(next.array()).isEqualTo(rig.model.expected(PROMPT, 5));
            assertThat(next.await().computedTokens()).isEqualTo(150);
            assertNothingHeld(rig);
        }
    }

    @Test
    void whoDecodesIsNotHeldUpByAPromptThatFindsNoMemory() throws InterruptedException {
        try (var rig = new EngineRig(200, CacheTier.NONE, OPTIONS)) {
            List<Collected> streams = startTogether(rig, 2, 40);
            var prompts = new AtomicInteger();
            rig.model.noMemoryFor = rows -> rows >= EngineRig.CHUNK && prompts.incrementAndGet() > 2;
            var starved = new Collected();
            Ticket ticket = rig.engine.submit(EngineRig.task(PROMPT, 5), starved);
            release();
            streams.forEach(Collected::await);
            assertThat(streams.get(1).array()).isEqualTo(rig.model.expected(EngineRig.prompt(1, 20), 40));
            assertThat(starved.usage).isNotDone();
            ticket.cancel();
            var failure = catchThrowableOfType(KvernException.class, starved::await);
            assertThat(failure.reason()).isEqualTo(ErrorReason.CANCELLED);
            assertNothingHeld(rig);
        }
    }

    /** Requests with prompts of 20 tokens, all of which decode together once {@link #release} lets the model go on. */
    private List<Collected> startTogether(EngineRig rig, int requests, int tokens) throws InterruptedException {
        var stepping = new CountDownLatch(1);
        rig.model.onStep = rows -> {
            stepping.countDown();
            try {
                goOn.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        };
        var streams = new ArrayList<Collected>();
        for (int i = 0; i < requests; i++) {
            streams.add(new Collected());
            rig.engine.submit(EngineRig.task(EngineRig.prompt(i, 20), tokens), streams.get(i));
            assertThat(stepping.await(20, TimeUnit.SECONDS)).isTrue();
        }
        return streams;
    }

    private void release() {
        goOn.countDown();
    }

    private static void assertNothingHeld(EngineRig rig) {
        rig.awaitOffloaded();
        assertThat(rig.pool.usage().used()).isZero();
        PoolInvariants.check(rig.pool);
    }
}
