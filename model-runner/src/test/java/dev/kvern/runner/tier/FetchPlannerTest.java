package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class FetchPlannerTest {
    private static final int CHUNK_TOKENS = 64;
    private static final int CHUNK_BYTES = 1_000;

    /** The world that the planner is to get to know. */
    private double latency = 1_000;

    private double nanosPerByte = 1;
    private double hostNanosPerByte = 0.1;
    private double chunkNanos = 2_000;
    private double nanosPerPosition = 1;

    private final FetchPlanner planner = new FetchPlanner(FetchPolicy.MEASURED, CHUNK_TOKENS, CHUNK_BYTES);

    @Test
    void fetchesWhileItDoesNotKnow() {
        FetchPlan plan = planner.plan(0, 10, 0);
        assertThat(plan.kind()).isEqualTo(FetchPlan.Kind.FETCH);
        assertThat(plan.chunks()).isEqualTo(10);
        assertThat(plan.estimated()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        // latency, per byte, per chunk, per position
        "1000, 1, 2000, 1", // a good network
        "100000, 1, 2000, 1", // far away
        "1000, 5, 2000, 1", // slow
        "1000, 5, 2000, 3", // slow, but late chunks cost more
        "0, 2, 2000, 0", // a tie
        "300000, 3, 100, 0.5"
    })
    void choosesTheLeastOfAllSplits(double latency, double perByte, double perChunk, double perPosition) {
        long seed = 11;
        var random = new Random(seed);
        this.latency = latency;
        nanosPerByte = perByte;
        chunkNanos = perChunk;
        nanosPerPosition = perPosition;
        learn();
        for (int i = 0; i < 300; i++) {
            int position = random.nextInt(50) * CHUNK_TOKENS;
            int chunks = 1 + random.nextInt(100);
            int inHost = random.nextInt(3) == 0 ? random.nextInt(chunks + 1) : 0;
            FetchPlan plan = planner.plan(position, chunks, inHost);
            double least = Double.MAX_VALUE;
            for (int run = 0; run <= chunks; run++) {
                least = Math.min(least, total(position, chunks, inHost, run));
            }
            if (plan.kind() == FetchPlan.Kind.EXPLORE) {
                assertThat(plan.chunks()).isLessThanOrEqualTo(FetchPlanner.EXPLORED_CHUNKS);
            } else {
                assertThat(total(position, chunks, inHost, plan.chunks()))
                        .as("%d chunks at %d, %d in host, seed %d", chunks, position, inHost, seed)
                        .isCloseTo(least, within(1 + 1e-6 * least));
                assertThat((double) plan.estimatedNanos()).isCloseTo(least, within(2 + 1e-6 * least));
            }
            end(plan);
        }
    }

    @Test
    void whatLiesInHostMemoryIsTakenFromThereThoughTheNetworkIsSlow() {
        nanosPerByte = 100;
        learn();
        FetchPlan plan = planner.plan(0, 10, 4);
        assertThat(plan.kind()).isEqualTo(FetchPlan.Kind.FETCH);
        assertThat(plan.chunks()).isEqualTo(4);
        assertThat(plan.hostChunks()).isEqualTo(4);
    }

    @Test
    void computesRatherThanWaitBehindOtherFetches() {
        learn();
        FetchPlan first = planner.plan(0, 100, 0);
        assertThat(first.kind()).isEqualTo(FetchPlan.Kind.FETCH);
        FetchPlan second = planner.plan(0, 10, 0);
        assertThat(second.kind()).isEqualTo(FetchPlan.Kind.COMPUTE_QUEUE);
        assertThat(planner.plan(0, 10, 10).kind())
                .as("host memory has no queue")
                .isEqualTo(FetchPlan.Kind.FETCH);
        end(first);
        assertThat(planner.plan(0, 10, 0).kind()).isEqualTo(FetchPlan.Kind.FETCH);
    }

    @Test
    void looksAgainLessAndLessOftenWhileTheEstimateHolds() {
        nanosPerByte = 100;
        learn();
        var gaps = new StringBuilder();
        int gap = 0;
        for (int i = 0; i < 40; i++) {
            FetchPlan plan = planner.plan(0, 20, 0);
            end(plan);
            gap++;
            if (plan.kind() == FetchPlan.Kind.EXPLORE) {
                gaps.append(gap).append(' ');
                gap = 0;
            }
        }
        assertThat(gaps.toString()).isEqualTo("2 3 5 9 17 ");
        assertThat(planner.stats().decided(FetchPlan.Kind.EXPLORE)).isEqualTo(5);
        assertThat(planner.stats().decided(FetchPlan.Kind.COMPUTE)).isEqualTo(35);
    }

    @Test
    void aStallIsRememberedAndForgivenOnceItIsOver() {
        learn();
        FetchPlan stalled = planner.plan(0, 20, 0);
        planner.ended(stalled, new FetchOutcome.Miss(MissReason.TIMEOUT), 0, 2_000_000_000);
        assertThat(planner.plan(0, 20, 0).kind()).isEqualTo(FetchPlan.Kind.COMPUTE);
        FetchPlan explored = planner.plan(0, 20, 0);
        assertThat(explored.kind()).isEqualTo(FetchPlan.Kind.EXPLORE);
        end(explored);
        for (int i = 0; i < 5; i++) {
            FetchPlan plan = planner.plan(0, 20, 0);
            assertThat(plan.kind()).isEqualTo(FetchPlan.Kind.FETCH);
            end(plan);
        }
    }

    @Test
    void aFetchThatWasNotWantedAnyMoreSaysNothing() {
        learn();
        long before = planner.stats().breakEvenTokens();
        FetchPlan plan = planner.plan(0, 20, 0);
        planner.ended(plan, new FetchOutcome.Miss(MissReason.CANCELLED), 0, 2_000_000_000);
        assertThat(planner.stats().breakEvenTokens()).isEqualTo(before);
        assertThat(planner.plan(0, 20, 0).kind()).as("nor is it in the way").isEqualTo(FetchPlan.Kind.FETCH);
    }

    @Test
    void knowsFromWhichLengthOnAFetchIsWorthIt() {
        latency = 10_000;
        nanosPerPosition = 0;
        assertThat(planner.stats().breakEvenTokens()).isZero();
        learn();
        // 10,000 + 1,000 n <= 2,000 n
        assertThat(planner.stats().breakEvenTokens()).isEqualTo(10 * CHUNK_TOKENS);
    }

    @Test
    void estimatesAreComparedWithWhatCame() {
        learn();
        FetchPlan plan = planner.plan(0, 10, 0);
        planner.ended(plan, new FetchOutcome.Hit(10), 0, 12_345);
        assertThat(planner.stats().actualNanos()).isEqualTo(12_345);
        assertThat(planner.stats().estimatedNanos()).isCloseTo(11_000, within(2L));
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 4, 7})
    void stepsOfSeveralChunksTeachWhatOneCosts(int chunksOfAStep) {
        learn(1);
        var stepwise = new FetchPlannerTest();
        stepwise.learn(chunksOfAStep);
        for (int chunks = 1; chunks <= 40; chunks++) {
            assertThat(stepwise.planner.plan(5 * CHUNK_TOKENS, chunks, 0).computeNanos())
                    .as("%d chunks, learned from steps of %d", chunks, chunksOfAStep)
                    .isCloseTo(planner.plan(5 * CHUNK_TOKENS, chunks, 0).computeNanos(), within(1_000L));
        }
    }

    @Test
    void aStepThatEndsWithinAChunkTeachesNothing() {
        planner.computed(0, CHUNK_TOKENS / 2, 1_000_000);
        planner.computed(0, CHUNK_TOKENS + 1, 1_000_000);
        assertThat(planner.plan(0, 1, 0).computeNanos()).isZero();
    }

    @Test
    void alwaysMeansAlways() {
        var always = new FetchPlanner(FetchPolicy.ALWAYS, CHUNK_TOKENS, CHUNK_BYTES);
        for (int i = 0; i < 10; i++) {
            always.computed(0, CHUNK_TOKENS, 1);
            FetchPlan plan = always.plan(0, 5, 0);
            assertThat(plan.chunks()).isEqualTo(5);
            always.ended(plan, new FetchOutcome.Hit(5), 0, 1_000_000_000);
        }
    }

    private void learn() {
        learn(1);
    }

    /** Compute last: before that is known everything is fetched. */
    private void learn(int chunksOfAStep) {
        for (int i = 0; i < 20; i++) {
            end(planner.plan(0, 1 + i % 7, 0));
            int copied = 1 + i % 5;
            end(planner.plan(0, copied, copied));
        }
        for (int i = 0; i < 20; i++) {
            int position = i * chunksOfAStep * CHUNK_TOKENS;
            planner.computed(position, chunksOfAStep * CHUNK_TOKENS, (long) computeNanos(position, chunksOfAStep));
        }
    }

    private void end(FetchPlan plan) {
        if (plan.chunks() > 0) {
            planner.ended(
                    plan,
                    new FetchOutcome.Hit(plan.chunks(), plan.hostChunks()),
                    (long) (hostNanosPerByte * plan.hostChunks() * CHUNK_BYTES),
                    (long) (latency + nanosPerByte * (plan.chunks() - plan.hostChunks()) * CHUNK_BYTES));
        }
    }

    private double total(int position, int chunks, int inHost, int run) {
        int copied = Math.min(run, inHost);
        double time = hostNanosPerByte * copied * CHUNK_BYTES;
        if (run > copied) {
            time += latency + nanosPerByte * (run - copied) * CHUNK_BYTES;
        }
        return time + computeNanos(position + run * CHUNK_TOKENS, chunks - run);
    }

    private double computeNanos(int position, int chunks) {
        double time = 0;
        for (int i = 0; i < chunks; i++) {
            time += chunkNanos + nanosPerPosition * (position + i * CHUNK_TOKENS);
        }
        return time;
    }
}
