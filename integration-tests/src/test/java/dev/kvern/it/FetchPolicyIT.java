package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.launcher.process.FreePorts;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.RunnerLoad;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Load or recompute, over a network that is about as fast as computing, and over one that is far slower. */
@Timeout(120)
class FetchPolicyIT {
    private static final int ANSWER_TOKENS = 8;

    /** Of a prompt, after its last chunk. */
    private static final int TAIL_TOKENS = 10;

    private static final int CHUNK_BYTES = TestCluster.CHUNK_TOKENS * 5_120;

    private static final int MOST_ATTEMPTS = 20;

    private static final String OVERLAP = "runner-a";
    private static final String ALWAYS = "runner-b";
    private static final String MEASURED = "runner-c";

    @TempDir
    private static Path directory;

    private static SlowNetwork network;
    private static TestCluster cluster;

    @BeforeAll
    static void start() {
        int port = FreePorts.find(1).get(0);
        network = new SlowNetwork(port);
        var node = new ArrayList<>(TestCluster.PATIENT_NODE);
        node.addAll(List.of("listen.grpc_port=" + port, "advertise_host=" + SlowNetwork.HOST));
        cluster = TestCluster.start(
                directory, List.of(node), List.of(settings("overlap"), settings("always"), settings("measured")));
    }

    private static List<String> settings(String fetchPolicy) {
        var all = new ArrayList<>(TestCluster.PATIENT_RUNNER);
        all.add("engine.share_generated=false");
        // Chunk by chunk, so that both sides can meet at any.
        all.add("engine.prefill_tokens=64");
        all.add("tier.fetch_policy=" + fetchPolicy);
        return all;
    }

    @AfterAll
    static void stop() {
        cluster.close();
        network.close();
    }

    @BeforeEach
    void fastNetwork() {
        network.bytesPerSecond(SlowNetwork.FAST);
    }

    @Test
    void theHeadIsComputedWhileTheTailIsFetched() {
        int chunks = 20;
        Prompt prompt = stored(1, chunks);
        var shorter = new ArrayList<Prompt>();
        for (int length = 2; length <= 10; length += 2) {
            shorter.add(stored(100 + length, length));
        }
        GenerationResult without = cold(OVERLAP, prompt);
        double speed = 2 * chunks * CHUNK_BYTES / (without.usage().getTtftMillis() / 1e3);
        network.bytesPerSecond((long) speed);
        // What a fetch costs is learned from fetches of several lengths.
        shorter.forEach(each -> fetched(OVERLAP, each));
        RunnerLoad before = cluster.idleLoad(OVERLAP);
        for (int attempt = 1; attempt <= MOST_ATTEMPTS; attempt++) {
            network.bytesPerSecond((long) speed);
            GenerationResult both = fetched(OVERLAP, prompt);
            assertThat(both.tokens()).isEqualTo(without.tokens());
            RunnerLoad after = cluster.idleLoad(OVERLAP);
            assertThat(after.getUsedBlocks()).isZero();
            if (after.getPlansOverlap() > before.getPlansOverlap()
                    && both.usage().getCachedClusterTokens() > 0) {
                // Beside the tokens after the last chunk, which are always computed.
                assertThat(both.usage().getComputedTokens())
                        .isGreaterThanOrEqualTo(TAIL_TOKENS + TestCluster.CHUNK_TOKENS);
                assertThat(both.usage().getCachedLocalTokens()).isZero();
                return;
            }
            // It pays where both take about as long, and how long computing takes changes with what else the machine
            // does.
            speed *= after.getPlansCompute() > before.getPlansCompute() ? 1.5 : 0.8;
            before = after;
        }
        fail("no request was computed and fetched at once; last load: %s", before);
    }

    @Test
    void alwaysFetchesWhereMeasuringComputes() {
        int chunks = 3;
        var prompts = new ArrayList<Prompt>();
        var without = new ArrayList<List<Integer>>();
        double slowest = 0;
        for (int i = 0; i < 6; i++) {
            Prompt prompt = stored(200 + i, chunks);
            GenerationResult computed = cold(MEASURED, prompt);
            slowest = Math.max(slowest, computed.usage().getTtftMillis() / 1e3);
            prompts.add(prompt);
            without.add(computed.tokens());
        }
        network.bytesPerSecond((long) (chunks * CHUNK_BYTES / (8 * slowest)));
        long before = cluster.idleLoad(MEASURED).getPlansCompute();

        for (int i = 0; i < prompts.size(); i++) {
            // So that it knows what computing costs, and would compute.
            assertThat(cold(ALWAYS, prompts.get(i)).tokens()).isEqualTo(without.get(i));
            GenerationResult always = fetched(ALWAYS, prompts.get(i));
            assertThat(always.usage().getCachedClusterTokens()).isEqualTo(chunks * TestCluster.CHUNK_TOKENS);
            assertThat(always.tokens()).isEqualTo(without.get(i));
            assertThat(fetched(MEASURED, prompts.get(i)).tokens()).isEqualTo(without.get(i));
        }
        RunnerLoad always = cluster.idleLoad(ALWAYS);
        assertThat(always.getPlansFetch()).isEqualTo(prompts.size());
        assertThat(always.getPlansCompute()).isZero();
        assertThat(cluster.idleLoad(MEASURED).getPlansCompute())
                .as("decisions to compute, of the one that measures")
                .isGreaterThan(before);
    }

    /** A prompt of so many chunks and a little more, whose chunks are in the cluster. */
    private static Prompt stored(long seed, int chunks) {
        Prompt prompt = prompt(seed, chunks * TestCluster.CHUNK_TOKENS + TAIL_TOKENS);
        cluster.client(MEASURED).generate(greedy(prompt, 1));
        cluster.awaitIdle(MEASURED);
        assertThat(cluster.storedChunks(prompt)).isEqualTo(chunks);
        return prompt;
    }

    private static GenerationResult cold(String runner, Prompt prompt) {
        return cluster.client(runner).generate(greedy(prompt, ANSWER_TOKENS).setCache(NO_CACHE));
    }

    private static GenerationResult fetched(String runner, Prompt prompt) {
        return cluster.client(runner).generate(greedy(prompt, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
    }
}
