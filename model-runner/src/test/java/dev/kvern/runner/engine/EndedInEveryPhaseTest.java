package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.block.BlockKey;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.PoolInvariants;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.ChunkSink;
import dev.kvern.runner.tier.ChunkSource;
import dev.kvern.runner.tier.Fetch;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.FetchPlan;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.MissReason;
import dev.kvern.runner.tier.PutOutcome;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * A request that is cancelled, or whose deadline passes, wherever it may be then. Beside it runs another one that has nothing
 * to do with it and must not notice; afterwards the pool has the chunks that were complete, and nobody holds a block.
 */
@Timeout(60)
class EndedInEveryPhaseTest {
    /** 9 chunks and the beginning of one. */
    private static final int[] PROMPT = EngineRig.prompt(1, 150);

    private static final int[] OTHER_PROMPT = EngineRig.prompt(2, 10);
    private static final int TOKENS = 100;
    private static final int OTHER_TOKENS = 200;
    private static final int CHUNKS = 9;
    private static final int CHUNK_BLOCKS = EngineRig.CHUNK / EngineRig.BLOCK;
    private static final long DEADLINE = 1_000_000;

    enum How {
        CANCELLED,
        DEADLINE
    }

    enum Phase {
        QUEUED,
        ADMITTED,
        FOLLOWING,
        FETCHING,
        FETCHED_HALF,
        OVERLAPPING,
        PREFILLING,
        FIRST_TOKEN,
        DECODING,
        PAUSED,
        PREEMPTED,
        OFFLOADING,
        SHARED
    }

    static List<Arguments> all() {
        return List.of(Phase.values()).stream()
                .flatMap(phase -> List.of(How.values()).stream().map(how -> Arguments.of(phase, how)))
                .toList();
    }

    private final PhasedTier tier = new PhasedTier();
    private final CompletableFuture<Ticket> ticket = new CompletableFuture<>();
    private final CountDownLatch goOn = new CountDownLatch(1);

    @ParameterizedTest
    @MethodSource("all")
    void leavesWhatWasCompleteAndNothingElse(Phase phase, How how) {
        if (phase == Phase.FETCHING || phase == Phase.FETCHED_HALF || phase == Phase.OVERLAPPING) {
            try (var filling = new EngineRig(128, tier.stored)) {
                filling.run(PROMPT, 1);
                filling.awaitOffloaded();
            }
        }
        int running = phase == Phase.QUEUED ? 1 : 8;
        int blocks = phase == Phase.PREEMPTED ? 70 : 128;
        // A chunk a step: its steps have as many tokens, the other's never.
        var options = new EngineOptions(
                EngineRig.BLOCK, EngineRig.CHUNK, EngineRig.CHUNK, running, 64, 1_000, 1_000, phase == Phase.SHARED);
        var policy = phase == Phase.OVERLAPPING ? FetchPolicy.OVERLAP : FetchPolicy.ALWAYS;
        try (var rig = new EngineRig(blocks, tier, options, policy)) {
            var reached = new Reached(rig, phase, how);
            reached.run();
            assertThat(reached.other.array()).isEqualTo(rig.model.expected(OTHER_PROMPT, OTHER_TOKENS));
            int[] expected = rig.model.expected(PROMPT, TOKENS);
            assertThat(reached.subject.array()).isEqualTo(Arrays.copyOf(expected, reached.subject.tokens.size()));
            reached.assertTokens();
            rig.awaitOffloaded();
            if (phase == Phase.SHARED) {
                until("the shared blocks to be let go", () -> rig.pool.usage().used() == 0);
            }
            assertThat(rig.pool.usage().used()).isZero();
            PoolInvariants.check(rig.pool);
            reached.assertCached();
            assertThat(tier.open())
                    .as("fetches that were neither finished nor cancelled")
                    .isZero();
            rig.model.onStep = tokens -> {};
            tier.reset();
            assertThat(rig.run(PROMPT, TOKENS).array())
                    .as("the same afterwards")
                    .isEqualTo(expected);
        }
    }

    /** One run: takes a request to a phase, ends it there, and waits for all to end. */
    private final class Reached {
        private final EngineRig rig;
        private final Phase phase;
        private final How how;
        private final AtomicInteger steps = new AtomicInteger();
        private final Collected other = new Collected();
        private final Collected subject;

        Reached(EngineRig rig, Phase phase, How how) {
            this.rig = rig;
            this.phase = phase;
            this.how = how;
            this.subject = new Collected() {
                @Override
                public Choice next(float[] logits) {
                    Choice choice = super.next(logits);
                    token(tokens.size());
                    return choice;
                }
            };
        }

        void run() {
            rig.model.onStep = this::step;
            switch (phase) {
                case ADMITTED -> tier.onFetch = this::end;
                case FETCHING, FETCHED_HALF -> tier.holdsFetches = true;
                case OVERLAPPING -> {
                    tier.holdsFetches = true;
                    rig.slowChunks();
                }
                case OFFLOADING -> tier.holdsPuts = true;
                default -> {}
            }
            rig.engine.submit(task(OTHER_PROMPT, OTHER_TOKENS, false, OptionalLong.empty()), other);
            Collected leader = new Collected();
            if (phase == Phase.FOLLOWING) {
                rig.engine.submit(task(PROMPT, 1, true, OptionalLong.empty()), leader);
            }
            boolean fetches = phase == Phase.ADMITTED || tier.holdsFetches;
            ticket.complete(rig.engine.submit(
                    new GenerationTask(
                            "subject",
                            PROMPT,
                            OptionalInt.of(TOKENS),
                            "",
                            true,
                            fetches,
                            true,
                            how == How.DEADLINE ? OptionalLong.of(DEADLINE) : OptionalLong.empty()),
                    subject));
            fromOutside();
            if (phase == Phase.SHARED) {
                assertThat(subject.await().generatedTokens()).isEqualTo(TOKENS);
            } else {
                var failure = catchThrowableOfType(KvernException.class, subject::await);
                assertThat(failure).as("the end of the request").isNotNull();
                assertThat(failure.reason())
                        .isEqualTo(how == How.CANCELLED ? ErrorReason.CANCELLED : ErrorReason.DEADLINE_EXCEEDED);
            }
            if (phase == Phase.OFFLOADING) {
                // Its chunks stay where they are until they have been sent.
                assertThat(rig.pool.usage().used()).isGreaterThanOrEqualTo(CHUNKS * CHUNK_BLOCKS);
                tier.letPutsGo();
            }
            other.await();
            if (phase == Phase.FOLLOWING) {
                leader.await();
                assertThat(leader.array()).isEqualTo(rig.model.expected(PROMPT, 1));
            }
            if (phase == Phase.SHARED) {
                until("the answer to be shared", () -> tier.stored.chunks.size() == 15);
            }
        }

        /** Phases that are seen from another thread than the engine's. */
        private void fromOutside() {
            switch (phase) {
                case QUEUED -> {
                    until("it to wait", () -> rig.engine.load().queued() == 1);
                    end();
                    goOn.countDown();
                }
                case FETCHING, FETCHED_HALF -> {
                    tier.awaitFetch();
                    if (phase == Phase.FETCHED_HALF) {
                        tier.deliver(4);
                        until("half of it to be published", () -> published() == 4 * CHUNK_BLOCKS);
                    }
                    assertThat(steps).hasValue(0);
                    end();
                    until("the fetch to be cancelled", tier.cancelled::isDone);
                }
                case PAUSED -> {
                    until(
                            "its reader to be asked again",
                            () -> subject.tokens.size() == 3 && other.tokens.size() > 100);
                    end();
                }
                default -> {}
            }
        }

        /** The engine runs the model; its thread. */
        private void step(int tokens) {
            // Not before all have come: the engine may be much faster than the test.
            ticket.join();
            if (phase == Phase.QUEUED) {
                awaitQuietly(goOn);
            }
            if (tokens != EngineRig.CHUNK) {
                return;
            }
            int step = steps.incrementAndGet();
            boolean now = switch (phase) {
                case PREFILLING -> step == 3;
                case FOLLOWING -> step == 4;
                case OVERLAPPING -> step == 2;
                // The answer is complete, and computed again.
                case SHARED -> step == CHUNKS + 2;
                default -> false;
            };
            if (now && phase == Phase.OVERLAPPING) {
                tier.awaitFetch();
                tier.deliver(1);
                assertThat(rig.planner.stats().decided(FetchPlan.Kind.OVERLAP)).isEqualTo(1);
            }
            if (now && phase == Phase.FOLLOWING) {
                assertThat(rig.engine.load().running()).isEqualTo(3);
            }
            if (now) {
                end();
            }
        }

        /** The subject has so many tokens; the engine's thread. */
        private void token(int count) {
            boolean now = switch (phase) {
                case FIRST_TOKEN -> count == 1;
                case DECODING -> count == 5;
                case OFFLOADING -> {
                    if (count == 2) {
                        tier.awaitPut();
                    }
                    yield count == 2;
                }
                case PAUSED -> {
                    subject.ready = count < 3;
                    yield false;
                }
                default -> false;
            };
            if (now) {
                end();
            }
            if (phase == Phase.PREEMPTED && count == 1) {
                rig.model.onDecode = rows -> {
                    if (rig.engine.load().preemptions() > 0) {
                        rig.model.onDecode = any -> {};
                        end();
                    }
                };
            }
        }

        private void end() {
            if (how == How.CANCELLED) {
                ticket.join().cancel();
            } else {
                rig.nanos.set(DEADLINE);
                rig.pulse.wake();
            }
        }

        void assertTokens() {
            int tokens = subject.tokens.size();
            // A chunk each, and nothing that was computed twice.
            int chunks = switch (phase) {
                case QUEUED, ADMITTED, FETCHING, FETCHED_HALF -> 0;
                case OVERLAPPING -> 2;
                case PREFILLING -> 3;
                case SHARED -> 15;
                default -> CHUNKS;
            };
            assertThat(steps).as("chunks computed").hasValue(chunks);
            switch (phase) {
                case FIRST_TOKEN -> assertThat(tokens).isEqualTo(1);
                case DECODING -> assertThat(tokens).isEqualTo(5);
                case PAUSED -> assertThat(tokens).isEqualTo(3);
                case PREEMPTED -> assertThat(tokens).isBetween(1, TOKENS - 1);
                case OFFLOADING -> assertThat(tokens).isEqualTo(2);
                case SHARED -> assertThat(tokens).isEqualTo(TOKENS);
                default -> assertThat(tokens).isZero();
            }
        }

        void assertCached() {
            int chunks = switch (phase) {
                case QUEUED, ADMITTED, FETCHING -> 0;
                case OVERLAPPING -> 2;
                case PREFILLING -> 3;
                case FETCHED_HALF -> 4;
                // 250 tokens.
                case SHARED -> 15;
                case PREEMPTED -> -1;
                default -> CHUNKS;
            };
            if (chunks < 0) {
                // The other one may have needed them.
                assertThat(rig.pool.usage().cached()).isLessThanOrEqualTo(CHUNKS * CHUNK_BLOCKS);
                assertThat(rig.engine.load().preemptions()).isPositive();
            } else {
                assertThat(rig.pool.usage().cached()).isEqualTo(chunks * CHUNK_BLOCKS);
            }
        }

        private int published() {
            PromptKeys names = rig.engine.keySpace().keys(PROMPT, "");
            var pins = rig.pool.pinLongestPrefix(names.namespace(), names.digests(), 1);
            pins.forEach(pin -> pin.close());
            return pins.size();
        }
    }

    private static GenerationTask task(int[] prompt, int tokens, boolean write, OptionalLong deadline) {
        return new GenerationTask("other", prompt, OptionalInt.of(tokens), "", true, false, write, deadline);
    }

    private static void until(String what, BooleanSupplier there) {
        long limit = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!there.getAsBoolean()) {
            if (System.nanoTime() - limit > 0) {
                throw new AssertionError("waited in vain for " + what);
            }
            Thread.yield();
        }
    }

    private static void awaitQuietly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** A tier in a map, whose fetches bring what they are told to, and whose stores can be held up. */
    private static final class PhasedTier implements CacheTier {
        private final MapTier stored = new MapTier();
        private final CompletableFuture<ChunkSink> fetching = new CompletableFuture<>();
        private final CompletableFuture<Void> cancelled = new CompletableFuture<>();
        private final CompletableFuture<Void> putting = new CompletableFuture<>();
        private final CountDownLatch puts = new CountDownLatch(1);
        private final AtomicInteger open = new AtomicInteger();
        private volatile Runnable onFetch = () -> {};
        private volatile boolean holdsFetches;
        private volatile boolean holdsPuts;
        private volatile @Nullable List<BlockKey> asked;

        void reset() {
            onFetch = () -> {};
            holdsFetches = false;
        }

        /** Held fetches under way. */
        int open() {
            return open.get();
        }

        void awaitFetch() {
            fetching.orTimeout(20, TimeUnit.SECONDS).join();
        }

        void awaitPut() {
            putting.orTimeout(20, TimeUnit.SECONDS).join();
        }

        void deliver(int chunks) {
            List<BlockKey> keys = asked;
            for (int i = 0; keys != null && i < chunks; i++) {
                fetching.join().accept(i, ByteBuffer.wrap(stored.chunks.getOrDefault(keys.get(i), new byte[0])));
            }
        }

        void letPutsGo() {
            holdsPuts = false;
            puts.countDown();
        }

        @Override
        public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
            onFetch.run();
            if (!holdsFetches) {
                return stored.fetch(keys, chunkBytes, sink);
            }
            asked = List.copyOf(keys);
            open.incrementAndGet();
            fetching.complete(sink);
            var outcome = new CompletableFuture<FetchOutcome>();
            return new Fetch() {
                @Override
                public CompletableFuture<FetchOutcome> outcome() {
                    return outcome;
                }

                @Override
                public void cancel() {
                    if (outcome.complete(new FetchOutcome.Miss(MissReason.CANCELLED))) {
                        open.decrementAndGet();
                    }
                    cancelled.complete(null);
                }
            };
        }

        @Override
        public OptionalInt match(List<BlockKey> keys) {
            return stored.match(keys);
        }

        @Override
        public PutOutcome put(List<? extends ChunkSource> chunks) {
            putting.complete(null);
            if (holdsPuts) {
                awaitQuietly(puts);
            }
            return stored.put(chunks);
        }
    }
}
