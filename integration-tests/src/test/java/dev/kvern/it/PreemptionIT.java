package dev.kvern.it;

import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.RunnerLoad;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** More requests at once than a runner's pool has room for: some give their blocks up, and none its answer. */
@Timeout(120)
class PreemptionIT {
    private static final int BLOCK_BYTES = 16 * 5_120;
    private static final int POOL_BLOCKS = 40;
    private static final int REQUESTS = 8;
    private static final int PROMPT_TOKENS = 90;
    private static final int ANSWER_TOKENS = 140;

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        cluster = TestCluster.start(
                directory,
                0,
                1,
                "kv.pool_bytes=" + POOL_BLOCKS * BLOCK_BYTES,
                "engine.share_generated=false",
                "tier.enabled=false");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void allEndWithTheTokensThatTheyHaveAlone() {
        Client runner = cluster.client("runner-a");
        var alone = new ArrayList<List<Integer>>();
        for (int i = 0; i < REQUESTS; i++) {
            alone.add(runner.generate(request(i).setCache(NO_CACHE)).tokens());
        }
        assertThat(cluster.idleLoad("runner-a").getPreemptions()).isZero();

        var together = new ArrayList<Call>();
        for (int i = 0; i < REQUESTS; i++) {
            together.add(runner.begin(request(i)));
        }
        for (int i = 0; i < REQUESTS; i++) {
            assertThat(together.get(i).result().tokens())
                    .as("request %d", i)
                    .hasSize(ANSWER_TOKENS)
                    .isEqualTo(alone.get(i));
        }
        RunnerLoad load = cluster.idleLoad("runner-a");
        assertThat(load.getPoolBlocks()).isEqualTo(POOL_BLOCKS);
        assertThat(load.getPreemptions()).isPositive();
        assertThat(load.getRecomputedTokens()).isPositive();
        assertThat(load.getFailedRequests()).isZero();
        assertThat(load.getUsedBlocks()).isZero();
    }

    private static GenerateRequest.Builder request(int number) {
        return greedy(prompt(number, PROMPT_TOKENS), ANSWER_TOKENS).setPriority(number % 3);
    }
}
