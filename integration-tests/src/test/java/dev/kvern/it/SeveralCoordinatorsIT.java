package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static dev.kvern.it.TestCluster.COORDINATOR;
import static dev.kvern.it.TestCluster.OTHER_COORDINATOR;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Two coordinators: each knows all that the other does, and one that is lost and comes back costs nothing. */
@Timeout(120)
class SeveralCoordinatorsIT {
    private static final List<String> RUNNERS = List.of("runner-a", "runner-b");
    private static final int CHUNKS = 8;
    private static final int PREFIX_TOKENS = CHUNKS * TestCluster.CHUNK_TOKENS;
    private static final int PROMPT_TOKENS = PREFIX_TOKENS + 10;
    private static final int ANSWER_TOKENS = 4;
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.startWithTwoCoordinators(
                directory,
                Collections.nCopies(2, TestCluster.PATIENT_NODE),
                Collections.nCopies(2, TestCluster.PATIENT_RUNNER));
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    /** The runner that is made to hold the prompt of a seed. */
    private static String holder(long seed) {
        return RUNNERS.get((int) (seed % RUNNERS.size()));
    }

    private static Prompt seeded(long seed) {
        return prompt(seed, PROMPT_TOKENS);
    }

    private static GenerationResult fill(String coordinator, long seed) {
        GenerationResult answer = cluster.client(coordinator)
                .generate(greedy(seeded(seed), ANSWER_TOKENS).setRunnerId(holder(seed)));
        assertThat(answer.usage().getComputedTokens()).isEqualTo(PROMPT_TOKENS);
        return answer;
    }

    /** Where a coordinator sends a prompt of its own accord. */
    private static String routed(String coordinator, long seed) {
        return cluster.client(coordinator)
                .generate(greedy(seeded(seed), 1).setCache(NO_CACHE))
                .runner();
    }

    /** Waits until it goes to its holder three times in a row: where nobody is known to hold a prompt runners take turns. */
    private static void awaitRouted(String coordinator, long seed) {
        Await.until(
                "prompt " + seed + " to go to " + holder(seed) + " through " + coordinator,
                LIMIT_SECONDS,
                () -> Stream.generate(() -> routed(coordinator, seed)).limit(3).toList(),
                runners -> runners.stream().allMatch(holder(seed)::equals));
    }

    @Test
    void whatWasServedThroughOneIsFoundThroughTheOther() {
        for (long seed = 100; seed < 104; seed++) {
            String served = seed < 102 ? COORDINATOR : OTHER_COORDINATOR;
            String other = seed < 102 ? OTHER_COORDINATOR : COORDINATOR;
            GenerationResult computed = fill(served, seed);
            awaitRouted(other, seed);
            // What was asked just now counts against its holder until a heartbeat says that it is over.
            RUNNERS.forEach(runner -> cluster.awaitIdle(other, runner));
            GenerationResult reused = cluster.client(other).generate(greedy(seeded(seed), ANSWER_TOKENS));
            assertThat(reused.runner()).isEqualTo(holder(seed));
            assertThat(reused.usage().getCachedLocalTokens()).isEqualTo(PREFIX_TOKENS);
            assertThat(reused.tokens()).isEqualTo(computed.tokens());
        }
    }

    @Test
    void oneThatIsKilledAndComesBackCostsNothingAndKnowsAllOnceItIsReady() throws Exception {
        var expected = new ArrayList<GenerationResult>();
        for (long seed = 200; seed < 206; seed++) {
            expected.add(fill(OTHER_COORDINATOR, seed));
        }
        RUNNERS.forEach(cluster::awaitIdle);
        var enough = new AtomicBoolean();
        Client other = cluster.client(OTHER_COORDINATOR);
        var asked = CompletableFuture.supplyAsync(() -> {
            int requests = 0;
            while (!enough.get()) {
                int which = requests % expected.size();
                long seed = 200L + which;
                // By turns from cache nodes and from the pool.
                var request = greedy(seeded(seed), ANSWER_TOKENS);
                boolean cold = requests / expected.size() % 2 == 0;
                GenerationResult answer = other.generate(cold ? request.setCache(CLUSTER_ONLY) : request);
                assertThat(answer.tokens()).isEqualTo(expected.get(which).tokens());
                assertThat(answer.usage().getCachedLocalTokens()
                                + answer.usage().getCachedClusterTokens())
                        .as("request %d, of seed %d, at %s", requests, seed, answer.runner())
                        .isEqualTo(PREFIX_TOKENS);
                requests++;
            }
            return requests;
        });
        cluster.kill(COORDINATOR);
        cluster.restart(COORDINATOR);
        cluster.awaitServing(COORDINATOR);
        enough.set(true);
        assertThat(requestsOf(asked)).isGreaterThan(expected.size());
        // A busy holder is left alone for another runner, whatever a coordinator knows.
        RUNNERS.forEach(cluster::awaitIdle);
        for (int i = 0; i < expected.size(); i++) {
            GenerationResult answer = cluster.coordinator().generate(greedy(seeded(200L + i), ANSWER_TOKENS));
            assertThat(answer.usage().getCachedLocalTokens())
                    .as("seed %d, at %s", 200 + i, answer.runner())
                    .isEqualTo(PREFIX_TOKENS);
            assertThat(answer.tokens()).isEqualTo(expected.get(i).tokens());
            cluster.awaitIdle(answer.runner());
        }
        cluster.awaitMembers();
    }

    private static int requestsOf(CompletableFuture<Integer> load) throws InterruptedException, TimeoutException {
        try {
            return load.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            throw new AssertionError("a request under load", e.getCause());
        }
    }

    @Test
    void aNodeThatIsLostIsDroppedThoughEachCoordinatorHasNamedIt() {
        cluster.kill("node-b");
        cluster.awaitDown("node-b");
        // Whoever has a runner ask a node that is gone sees a fetch or a store fail.
        var before = RUNNERS.stream().map(cluster::idleLoad).toList();
        for (long seed = 300; seed < 304; seed++) {
            GenerationResult computed = fill(COORDINATOR, seed);
            cluster.awaitIdle(holder(seed));
            GenerationResult fetched = cluster.client(OTHER_COORDINATOR)
                    .generate(greedy(seeded(seed), ANSWER_TOKENS).setCache(CLUSTER_ONLY));
            assertThat(fetched.usage().getCachedClusterTokens()).isEqualTo(PREFIX_TOKENS);
            assertThat(fetched.tokens()).isEqualTo(computed.tokens());
        }
        for (int i = 0; i < RUNNERS.size(); i++) {
            var after = cluster.idleLoad(RUNNERS.get(i));
            assertThat(after.getFetchFailures()).isEqualTo(before.get(i).getFetchFailures());
            assertThat(after.getOffloadFailedBlocks()).isEqualTo(before.get(i).getOffloadFailedBlocks());
        }
        cluster.restart("node-b");
        cluster.awaitMembers();
    }
}
