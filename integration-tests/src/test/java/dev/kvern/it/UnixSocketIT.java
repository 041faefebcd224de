package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.MemberStats;
import dev.kvern.v1.Prompt;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runners beside a node whose port they cannot reach: what they store and fetch goes over its Unix socket. */
@Timeout(120)
class UnixSocketIT {
    /** Of a network that is for documents only: nobody answers there. */
    private static final String UNREACHABLE = "192.0.2.1";

    private static final int CHUNKS = 3;

    @TempDir
    private static Path directory;

    @Test
    void blocksCrossFromRunnerToRunner() {
        var node = new ArrayList<>(TestCluster.PATIENT_NODE);
        node.addAll(List.of("advertise_host=" + UNREACHABLE, "listen.unix_socket=" + directory.resolve("node.sock")));
        Prompt prompt = prompt(1, CHUNKS * TestCluster.CHUNK_TOKENS + 10);
        try (var cluster = TestCluster.start(
                directory, List.of(node), List.of(TestCluster.PATIENT_RUNNER, TestCluster.PATIENT_RUNNER))) {
            GenerationResult computed = cluster.client("runner-a").generate(greedy(prompt, 8));
            assertThat(cluster.idleLoad("runner-a").getOffloadedBlocks()).isGreaterThanOrEqualTo(CHUNKS);
            GenerationResult fetched =
                    cluster.client("runner-b").generate(greedy(prompt, 8).setCache(CLUSTER_ONLY));
            assertThat(fetched.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
            assertThat(fetched.tokens()).isEqualTo(computed.tokens());
            // Read once, then read again, which brings them into the read cache, and from there.
            for (int i = 0; i < 2; i++) {
                GenerationResult again =
                        cluster.client("runner-b").generate(greedy(prompt, 8).setCache(CLUSTER_ONLY));
                assertThat(again.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
                assertThat(again.tokens()).isEqualTo(computed.tokens());
            }
            Await.until(
                    "blocks to be copied from the node's memory",
                    60,
                    () -> cluster.coordinator().stats().getMembersList().stream()
                            .filter(MemberStats::hasNode)
                            .mapToLong(member -> member.getNode().getCounters().getPlacedBlocks())
                            .sum(),
                    placed -> placed >= CHUNKS);
        }
    }
}
