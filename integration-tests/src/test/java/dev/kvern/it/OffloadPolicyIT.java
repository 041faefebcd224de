package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.RunnerLoad;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Where a runner's chunks go, and when: only what is used again, only what is evicted, into the host's memory. */
@Timeout(120)
class OffloadPolicyIT {
    private static final int ANSWER_TOKENS = 16;
    private static final int USES = 3;
    private static final int TOKEN_BYTES = 5_120;
    private static final int POOL_TOKENS = 1_024;

    /** Fits into a small pool, but not beside {@link #LONG_TOKENS}. */
    private static final int PROMPT_TOKENS = 600;

    private static final int WHOLE_CHUNKS = PROMPT_TOKENS / TestCluster.CHUNK_TOKENS;

    /** With its answer it takes all of a small pool but a block. */
    private static final int LONG_TOKENS = POOL_TOKENS - ANSWER_TOKENS - 16;

    private static final String AFTER_USES = "runner-a";
    private static final String ON_EVICTION = "runner-b";
    private static final String WITH_HOST_TIER = "runner-c";

    @TempDir
    private static Path directory;

    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        String smallPool = "kv.pool_bytes=" + POOL_TOKENS * TOKEN_BYTES;
        cluster = TestCluster.start(
                directory,
                List.of(TestCluster.PATIENT_NODE),
                List.of(
                        settings("offload.policy=after_uses", "offload.after_uses=" + USES),
                        settings(smallPool, "offload.policy=on_eviction"),
                        settings(smallPool, "host.bytes=" + 2 * POOL_TOKENS * TOKEN_BYTES, "tier.enabled=false")));
    }

    private static List<String> settings(String... more) {
        var all = new ArrayList<>(TestCluster.PATIENT_RUNNER);
        // A finished answer that is computed again would be a use, and would evict.
        all.add("engine.share_generated=false");
        all.addAll(List.of(more));
        return all;
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    @Test
    void chunksAreSentWhenSoManyRequestsHaveUsedThem() {
        Prompt prompt = prompt(1, PROMPT_TOKENS);
        GenerationResult without = ask(ON_EVICTION, prompt, true);
        for (int use = 1; use < USES; use++) {
            assertThat(ask(AFTER_USES, prompt, false).tokens()).isEqualTo(without.tokens());
            assertThat(cluster.idleLoad(AFTER_USES).getOffloadedBlocks())
                    .as("chunks sent after %d uses", use)
                    .isZero();
            assertThat(cluster.storedChunks(prompt)).isZero();
        }
        GenerationResult last = ask(AFTER_USES, prompt, false);
        assertThat(last.tokens()).isEqualTo(without.tokens());
        assertThat(cluster.idleLoad(AFTER_USES).getOffloadedBlocks()).isEqualTo(WHOLE_CHUNKS);
        assertThat(cluster.storedChunks(prompt)).isEqualTo(WHOLE_CHUNKS);

        // What was sent is whole.
        GenerationResult elsewhere = cluster.client(ON_EVICTION)
                .generate(greedy(prompt, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
        assertThat(elsewhere.usage().getCachedClusterTokens()).isEqualTo(WHOLE_CHUNKS * TestCluster.CHUNK_TOKENS);
        assertThat(elsewhere.tokens()).isEqualTo(without.tokens());
    }

    @Test
    void chunksAreSentWhenThePoolGivesThemUp() {
        Prompt prompt = prompt(2, PROMPT_TOKENS);
        GenerationResult without = ask(AFTER_USES, prompt, true);
        assertThat(ask(ON_EVICTION, prompt, false).tokens()).isEqualTo(without.tokens());
        long before = cluster.idleLoad(ON_EVICTION).getOffloadedBlocks();
        assertThat(cluster.storedChunks(prompt)).isZero();

        ask(ON_EVICTION, prompt(3, LONG_TOKENS), false);
        RunnerLoad after = cluster.idleLoad(ON_EVICTION);
        assertThat(after.getOffloadedBlocks() - before).isGreaterThanOrEqualTo(WHOLE_CHUNKS);
        assertThat(after.getEvictionDroppedBlocks()).isZero();
        assertThat(cluster.storedChunks(prompt)).isEqualTo(WHOLE_CHUNKS);

        GenerationResult again = ask(ON_EVICTION, prompt, false);
        assertThat(again.usage().getCachedClusterTokens()).isEqualTo(WHOLE_CHUNKS * TestCluster.CHUNK_TOKENS);
        assertThat(again.tokens()).isEqualTo(without.tokens());
    }

    @Test
    void whatThePoolGivesUpIsFoundInHostMemory() {
        Prompt prompt = prompt(4, PROMPT_TOKENS);
        GenerationResult without = ask(AFTER_USES, prompt, true);
        assertThat(ask(WITH_HOST_TIER, prompt, false).tokens()).isEqualTo(without.tokens());
        assertThat(cluster.idleLoad(WITH_HOST_TIER).getHostUsedBytes()).isZero();

        ask(WITH_HOST_TIER, prompt(5, LONG_TOKENS), false);
        RunnerLoad load = cluster.idleLoad(WITH_HOST_TIER);
        assertThat(load.getHostCapacityBytes()).isPositive();
        assertThat(load.getHostUsedBytes()).isEqualTo((long) WHOLE_CHUNKS * TestCluster.CHUNK_TOKENS * TOKEN_BYTES);

        GenerationResult again = ask(WITH_HOST_TIER, prompt, false);
        assertThat(again.usage().getCachedHostTokens()).isEqualTo(WHOLE_CHUNKS * TestCluster.CHUNK_TOKENS);
        assertThat(again.usage().getComputedTokens())
                .isEqualTo(PROMPT_TOKENS - WHOLE_CHUNKS * TestCluster.CHUNK_TOKENS);
        assertThat(again.tokens()).hasSize(ANSWER_TOKENS).isEqualTo(without.tokens());
        assertThat(cluster.idleLoad(WITH_HOST_TIER).getHostCorruptBlocks()).isZero();
    }

    private static GenerationResult ask(String runner, Prompt prompt, boolean withoutCache) {
        var request = greedy(prompt, ANSWER_TOKENS);
        return cluster.client(runner).generate(withoutCache ? request.setCache(NO_CACHE) : request);
    }
}
