package dev.kvern.it;

import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.Prompt;
import io.grpc.Status;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Requests go where their prefix is, and away from runners that are lost or hang. Without cache nodes. */
@Timeout(120)
class RoutingIT {
    private static final List<String> RUNNERS = List.of("runner-a", "runner-b");

    /** A prefix so long that one request under way at its holder does not outweigh it. */
    private static final int PREFIX_TOKENS = 1_000;

    private static final int ENDLESS = 3_900;

    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(directory, 0, 2, "engine.max_running=1");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void aRequestGoesToTheRunnerThatHoldsItsPrefix() {
        for (int seed = 100; seed < 106; seed++) {
            String holder = RUNNERS.get(seed % 2);
            GenerationResult first = cluster.coordinator()
                    .generate(greedy(prompt(seed, PREFIX_TOKENS), 8).setRunnerId(holder));
            assertThat(first.runner()).isEqualTo(holder);
        }
        for (int seed = 100; seed < 106; seed++) {
            String holder = RUNNERS.get(seed % 2);
            Prompt prompt = prompt(seed, PREFIX_TOKENS);
            // What the pool holds is told a moment later.
            GenerationResult again = Await.until(
                    "prompt " + seed + " to go to " + holder,
                    LIMIT_SECONDS,
                    () -> cluster.coordinator().generate(greedy(prompt, 8).setCache(NO_CACHE)),
                    answer -> answer.runner().equals(holder));
            GenerationResult reused = cluster.coordinator().generate(greedy(prompt, 8));
            assertThat(reused.runner()).isEqualTo(holder);
            assertThat(reused.usage().getCachedLocalTokens()).isEqualTo(PREFIX_TOKENS / 64 * 64);
            assertThat(reused.tokens()).isEqualTo(again.tokens());
        }
    }

    @Test
    void requestsOfNoKnownPrefixAreSpread() {
        var calls = new ArrayList<Call>();
        for (int seed = 200; seed < 204; seed++) {
            calls.add(cluster.coordinator().begin(greedy(prompt(seed, 200), 64)));
        }
        assertThat(calls.stream().map(Call::result).map(GenerationResult::runner))
                .hasSameElementsAs(RUNNERS);
    }

    @Test
    void aRequestThatWaitsAtALostRunnerMovesToTheOther() {
        Waiting waiting = waitingAt("runner-a", 300);
        cluster.kill("runner-a");
        assertMoved(waiting, "runner-b");
        assertLost(waiting.ahead().failure(), "runner-a");
        cluster.restart("runner-a");
        cluster.awaitMembers();
    }

    @Test
    void aRequestThatWaitsAtARunnerThatHangsMovesToTheOther() {
        Waiting waiting = waitingAt("runner-b", 400);
        cluster.process("runner-b").pause();
        try {
            assertMoved(waiting, "runner-a");
            assertLost(waiting.ahead().failure(), "runner-b");
            // Nobody is sent there while it hangs, and who insists is told.
            assertThat(cluster.coordinator()
                            .generate(greedy(prompt(401, 100), 2))
                            .runner())
                    .isEqualTo("runner-a");
            Status pinned =
                    cluster.coordinator().refusal(greedy(prompt(401, 100), 2).setRunnerId("runner-b"));
            assertThat(pinned.getCode()).isEqualTo(Status.Code.NOT_FOUND);
            assertThat(pinned.getDescription()).contains("runner-b").contains("[runner-a]");
        } finally {
            cluster.process("runner-b").resume();
        }
        cluster.awaitMembers();
        cluster.awaitIdle("runner-b");
        GenerationResult back =
                cluster.coordinator().generate(greedy(prompt(402, 100), 2).setRunnerId("runner-b"));
        assertThat(back.tokens()).hasSize(2);
    }

    @Test
    void anAnswerThatHasBegunEndsWithItsRunner() {
        Call call =
                cluster.coordinator().begin(greedy(prompt(500, 100), ENDLESS).setRequestId("begun"));
        String runner = call.awaitFirstToken();
        cluster.kill(runner);
        assertLost(call.failure(), runner);
        // Before anyone has noticed the loss: the other one serves.
        GenerationResult next = cluster.coordinator().generate(greedy(prompt(501, 100), 4));
        assertThat(next.runner()).isNotEqualTo(runner);
        cluster.restart(runner);
        cluster.awaitMembers();
    }

    /**
     * @param ahead what keeps the runner busy
     * @param call what waits behind it
     * @param expected its answer
     */
    private record Waiting(Call ahead, Call call, GenerationResult expected) {}

    /** An unpinned request that is queued at the runner that holds its prefix. */
    private static Waiting waitingAt(String runner, long seed) {
        Prompt prompt = prompt(seed, PREFIX_TOKENS);
        var coordinator = cluster.coordinator();
        GenerationResult expected = coordinator.generate(greedy(prompt, 8).setRunnerId(runner));
        Await.until(
                "the prefix to be known",
                LIMIT_SECONDS,
                () -> coordinator.generate(greedy(prompt, 1).setCache(NO_CACHE)).runner(),
                runner::equals);
        Call ahead = coordinator.begin(greedy(prompt(seed + 50, 10), ENDLESS).setRunnerId(runner));
        assertThat(ahead.awaitFirstToken()).isEqualTo(runner);
        Call call = coordinator.begin(greedy(prompt, 8));
        cluster.awaitLoad(
                runner, "asked by one more", member -> member.getRunner().getQueuedRequests() == 1);
        assertThat(call.hasEnded()).isFalse();
        return new Waiting(ahead, call, expected);
    }

    private static void assertMoved(Waiting waiting, String other) {
        GenerationResult answer = waiting.call().result();
        assertThat(answer.runner()).isEqualTo(other);
        assertThat(answer.tokens()).isEqualTo(waiting.expected().tokens());
        assertThat(answer.usage().getComputedTokens()).isEqualTo(PREFIX_TOKENS);
    }

    private static void assertLost(Status status, String runner) {
        assertThat(status.getCode()).as("%s", status).isEqualTo(Status.Code.UNAVAILABLE);
        assertThat(status.getDescription()).contains("runner " + runner + " was lost while it answered");
    }
}
