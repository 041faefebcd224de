package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.StatsRequest;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Runners send each block to the node that owns it, and ask that one for it, also after owners have changed. */
@Timeout(300)
class OwnersIT {
    private static final int CHUNKS = 12;
    private static final long SETTLE_SECONDS = 60;

    @TempDir
    private static Path directory;

    private int prompts;

    /**
     * What a prompt's way from one runner to the other cost.
     *
     * @param chunks fetched
     * @param of what each node counted meanwhile
     */
    private record Exchange(int chunks, Map<String, Counted> of) {
        long foreign() {
            return of.values().stream().mapToLong(Counted::foreign).sum();
        }

        /** All was stored and fetched, and nobody was asked for what another owns. */
        boolean isStraight() {
            return chunks == CHUNKS && foreign() == 0;
        }

        /** And each of the nodes was asked. */
        boolean isSpread() {
            return isStraight() && of.values().stream().allMatch(counted -> counted.puts > 0 && counted.gets > 0);
        }
    }

    private record Counted(long puts, long gets, long foreign) {
        static Counted between(BlockCounters before, BlockCounters after) {
            return new Counted(
                    after.getPutBlocks() - before.getPutBlocks(),
                    after.getGetBlocks() - before.getGetBlocks(),
                    after.getForeignBlocks() - before.getForeignBlocks());
        }
    }

    @Test
    void blocksGoStraightToTheirOwnersWhoeverTheseAre() {
        List<String> all = List.of("node-a", "node-b", "node-c");
        List<String> two = List.of("node-a", "node-b");
        try (var cluster = TestCluster.start(
                directory,
                Collections.nCopies(3, TestCluster.PATIENT_NODE),
                Collections.nCopies(2, TestCluster.PATIENT_RUNNER))) {
            awaitSpread(cluster, all);
            // And so it stays while nothing changes.
            for (int i = 0; i < 3; i++) {
                assertThat(exchange(cluster, all)).matches(Exchange::isStraight, "straight to the owners");
            }

            cluster.kill("node-c");
            awaitSpread(cluster, two);

            cluster.restart("node-c");
            awaitSpread(cluster, all);
        }
    }

    private void awaitSpread(TestCluster cluster, List<String> nodes) {
        Await.until("owners " + nodes, SETTLE_SECONDS, () -> exchange(cluster, nodes), Exchange::isSpread);
    }

    /** One runner computes and stores a new prompt, the other one fetches it; both say the same. */
    private Exchange exchange(TestCluster cluster, List<String> nodes) {
        Map<String, BlockCounters> before = counters(cluster, nodes);
        Prompt prompt = prompt(prompts++, CHUNKS * TestCluster.CHUNK_TOKENS + 10);
        GenerationResult computed = cluster.client("runner-a").generate(greedy(prompt, 4));
        cluster.awaitIdle("runner-a");
        GenerationResult fetched =
                cluster.client("runner-b").generate(greedy(prompt, 4).setCache(CLUSTER_ONLY));
        assertThat(fetched.tokens()).isEqualTo(computed.tokens());
        Map<String, BlockCounters> after = counters(cluster, nodes);
        return new Exchange(
                fetched.usage().getCachedClusterTokens() / TestCluster.CHUNK_TOKENS,
                nodes.stream()
                        .collect(Collectors.toMap(
                                Function.identity(), node -> Counted.between(before.get(node), after.get(node)))));
    }

    private static Map<String, BlockCounters> counters(TestCluster cluster, List<String> nodes) {
        return nodes.stream()
                .collect(Collectors.toMap(
                        Function.identity(),
                        node -> cluster.client(node)
                                .blocks()
                                .stats(StatsRequest.getDefaultInstance())
                                .getCounters()));
    }
}
