package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.StatsRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What one runner has computed another one loads; and what becomes of that when machines are lost, one after the other. */
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
@Timeout(120)
class ClusterIT {
    private static final int CHUNK_TOKENS = TestCluster.CHUNK_TOKENS;
    private static final int ANSWER_TOKENS = 24;
    private static final long SETTLE_SECONDS = 60;

    /** Of a whole fetch: enough for a busy machine, and what a node that hangs may cost. */
    private static final int FETCH_MILLIS = 6_000;

    /** The prompt whose prefix is to outlive what happens in the last tests. */
    private static final Prompt SURVIVOR = prompt(4, 1_000);

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        // Tests say to the token what comes from the cluster: not what is computed because that has been faster lately.
        cluster = TestCluster.start(
                directory, 2, 2, "tier.fetch_policy=always", "tier.fetch_timeout_millis=" + FETCH_MILLIS);
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    @Order(1)
    void aPrefixComputedOnOneRunnerIsReusedOnTheOther() {
        Prompt prompt = prompt(1, 700);
        GenerationResult without = ask("runner-b", greedy(prompt, ANSWER_TOKENS).setCache(NO_CACHE));
        GenerationResult cold = ask("runner-a", greedy(prompt, ANSWER_TOKENS));
        cluster.awaitIdle("runner-a");
        GenerationResult warm = ask("runner-b", greedy(prompt, ANSWER_TOKENS));

        assertCached(without, 0, 0);
        assertCached(cold, 0, 0);
        assertCached(warm, 0, wholeChunks(700));
        assertThat(warm.runner()).isEqualTo("runner-b");
        assertThat(warm.tokens()).hasSize(ANSWER_TOKENS).isEqualTo(without.tokens());
        assertThat(cold.tokens()).isEqualTo(without.tokens());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 63, 64, 65, 128, 333, 1_500})
    @Order(2)
    void theAnswerIsTheSameWhereverThePrefixComesFrom(int length) {
        Prompt prompt = prompt(2_000 + length, length);
        int chunks = wholeChunks(length) / CHUNK_TOKENS;
        GenerationResult without = ask("runner-a", greedy(prompt, ANSWER_TOKENS).setCache(NO_CACHE));
        assertCached(without, 0, 0);

        var others = new ArrayList<GenerationResult>();
        others.add(ask("runner-a", greedy(prompt, ANSWER_TOKENS)));
        cluster.awaitIdle("runner-a");
        GenerationResult local = ask("runner-a", greedy(prompt, ANSWER_TOKENS));
        assertThat(local.usage().getCachedLocalTokens()).isGreaterThanOrEqualTo(chunks * CHUNK_TOKENS);
        others.add(local);
        GenerationResult fetched = ask("runner-b", greedy(prompt, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertCached(fetched, 0, chunks * CHUNK_TOKENS);
        others.add(fetched);

        if (chunks > 0) {
            int missing = chunks / 2;
            List<BlockKey> keys = cluster.chunkKeys(prompt);
            var deleted = cluster.client("node-a")
                    .blocks()
                    .delete(DeleteRequest.newBuilder()
                            .addKeys(keys.get(missing).toByteString())
                            .build());
            assertThat(deleted.getDeleted()).isEqualTo(1);
            GenerationResult broken = ask("runner-b", greedy(prompt, ANSWER_TOKENS));
            assertCached(broken, 0, missing * CHUNK_TOKENS);
            others.add(broken);

            // Who computed what was missing has put it back.
            cluster.awaitIdle("runner-b");
            GenerationResult mended =
                    ask("runner-a", greedy(prompt, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
            assertCached(mended, 0, chunks * CHUNK_TOKENS);
            others.add(mended);
        }
        assertThat(others).allSatisfy(other -> assertThat(other.tokens()).isEqualTo(without.tokens()));
    }

    @Test
    @Order(3)
    void aSaltSeparatesTenants() {
        Prompt prompt = prompt(3, 300);
        var request = greedy(prompt, 4).setCacheSalt("one");
        GenerationResult first = ask("runner-a", request);
        cluster.awaitIdle("runner-a");
        assertCached(ask("runner-b", request.clone().setCacheSalt("another")), 0, 0);
        assertCached(ask("runner-b", greedy(prompt, 4)), 0, 0);
        assertCached(first, 0, 0);
        assertCached(ask("runner-b", request.clone().setCache(CLUSTER_ONLY)), 0, wholeChunks(300));
    }

    @Test
    @Order(3)
    void anAnswerIsReusedByTheNextTurnOnTheOtherRunner() {
        Prompt firstTurn = prompt(33, 100);
        GenerationResult answer = ask("runner-a", greedy(firstTurn, 150));
        var said = new ArrayList<>(firstTurn.getTokenIds().getIdsList());
        said.addAll(answer.tokens());
        // The answer's last token was never taken through the model.
        int whole = wholeChunks(said.size());
        Await.until(
                "the answer to be in the cluster",
                SETTLE_SECONDS,
                () -> cluster.storedChunks(prompt(said)),
                chunks -> chunks * CHUNK_TOKENS >= whole);
        said.addAll(prompt(34, 30).getTokenIds().getIdsList());
        GenerationResult without =
                ask("runner-b", greedy(prompt(said), ANSWER_TOKENS).setCache(NO_CACHE));
        GenerationResult next = ask("runner-b", greedy(prompt(said), ANSWER_TOKENS));
        assertCached(next, 0, whole);
        assertThat(next.tokens()).isEqualTo(without.tokens());
    }

    @Test
    @Order(4)
    void aCoordinatorThatStartsAgainLearnsEverythingAgain() {
        GenerationResult before = ask("runner-b", greedy(SURVIVOR, ANSWER_TOKENS));
        cluster.awaitIdle("runner-b");
        cluster.kill(TestCluster.COORDINATOR);
        cluster.restart(TestCluster.COORDINATOR);
        cluster.awaitMembers();
        GenerationResult fetched =
                ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertCached(fetched, 0, wholeChunks(1_000));
        assertThat(fetched.tokens()).isEqualTo(before.tokens());
        // What the runners hold it learns from themselves.
        GenerationResult routed = Await.until(
                "the prefix to be found where it is",
                SETTLE_SECONDS,
                () -> cluster.coordinator().generate(greedy(SURVIVOR, 1)),
                answer -> answer.usage().getCachedLocalTokens() > 0);
        assertThat(routed.runner()).isEqualTo("runner-b");
    }

    @Test
    @Order(5)
    void whatANodeHeldOutlivesIt() {
        GenerationResult without =
                ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(NO_CACHE));
        cluster.kill("node-a");
        // At once, while nobody knows yet: at worst computed again.
        GenerationResult first = ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertThat(first.tokens()).isEqualTo(without.tokens());
        GenerationResult later = Await.until(
                "the prefix to come from the node that is left",
                SETTLE_SECONDS,
                () -> ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY)),
                answer -> answer.usage().getCachedClusterTokens() > 0);
        assertCached(later, 0, wholeChunks(1_000));
        assertThat(later.tokens()).isEqualTo(without.tokens());

        // New blocks are shared as before.
        Prompt prompt = prompt(5, 400);
        GenerationResult cold = ask("runner-a", greedy(prompt, ANSWER_TOKENS));
        cluster.awaitIdle("runner-a");
        GenerationResult warm = ask("runner-b", greedy(prompt, ANSWER_TOKENS));
        assertCached(warm, 0, wholeChunks(400));
        assertThat(warm.tokens()).isEqualTo(cold.tokens());
    }

    @Test
    @Order(6)
    void aNodeThatComesBackTakesOverFromTheOther() {
        cluster.restart("node-a");
        cluster.awaitMembers();
        Await.until(
                "node-a to have copies of what node-b holds",
                SETTLE_SECONDS,
                () -> List.of(held("node-a"), held("node-b")),
                held -> held.get(0).equals(held.get(1)));
        cluster.kill("node-b");
        GenerationResult without =
                ask("runner-b", greedy(SURVIVOR, ANSWER_TOKENS).setCache(NO_CACHE));
        GenerationResult later = Await.until(
                "the prefix to come from the node that came back",
                SETTLE_SECONDS,
                () -> ask("runner-b", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY)),
                answer -> answer.usage().getCachedClusterTokens() > 0);
        assertCached(later, 0, wholeChunks(1_000));
        assertThat(later.tokens()).isEqualTo(without.tokens());
    }

    @Test
    @Order(7)
    void aNodeThatHangsIsNotWaitedForLong() {
        GenerationResult without =
                ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(NO_CACHE));
        cluster.process("node-a").pause();
        try {
            GenerationResult answer =
                    ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
            assertCached(answer, 0, 0);
            assertThat(answer.tokens()).isEqualTo(without.tokens());
            // Without a limit it would take until the node goes on, which is when this is over.
            assertThat(answer.usage().getFetchMillis()).isLessThan(4 * FETCH_MILLIS);
        } finally {
            cluster.process("node-a").resume();
        }
    }

    @Test
    @Order(8)
    void withoutAnyNodeEverythingIsComputedAgain() {
        GenerationResult without =
                ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(NO_CACHE));
        cluster.kill("node-a");
        GenerationResult atOnce =
                ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertCached(atOnce, 0, 0);
        assertThat(atOnce.tokens()).isEqualTo(without.tokens());
        cluster.awaitDown("node-a");
        GenerationResult known = ask("runner-a", greedy(SURVIVOR, ANSWER_TOKENS));
        assertThat(known.tokens()).isEqualTo(without.tokens());
        GenerationResult routed = cluster.coordinator().generate(greedy(prompt(6, 200), ANSWER_TOKENS));
        assertCached(routed, 0, 0);
        assertThat(routed.tokens()).hasSize(ANSWER_TOKENS);
    }

    private static GenerationResult ask(String runner, GenerateRequest.Builder request) {
        GenerationResult answer = cluster.coordinator().generate(request.clone().setRunnerId(runner));
        assertThat(answer.runner()).isEqualTo(runner);
        return answer;
    }

    private static void assertCached(GenerationResult answer, int local, int inCluster) {
        var usage = answer.usage();
        assertThat(usage.getCachedLocalTokens()).as("local tokens of %s", usage).isEqualTo(local);
        assertThat(usage.getCachedClusterTokens())
                .as("cluster tokens of %s", usage)
                .isEqualTo(inCluster);
        assertThat(usage.getComputedTokens()).isEqualTo(usage.getPromptTokens() - local - inCluster);
    }

    /** Tokens of a prompt that can be reused: whole chunks, and at least one token is computed. */
    private static int wholeChunks(int promptTokens) {
        return (promptTokens - 1) / CHUNK_TOKENS * CHUNK_TOKENS;
    }

    /** Blocks that a node holds, as their owner or for others. */
    private static long held(String node) {
        var stats = cluster.client(node).blocks().stats(StatsRequest.getDefaultInstance());
        return stats.getPrimaryBlocks() + stats.getBackupBlocks();
    }
}
