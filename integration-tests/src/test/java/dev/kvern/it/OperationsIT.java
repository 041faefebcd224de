package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.NO_CACHE;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.RebalanceStatusRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people do to the cache with {@code kvern cache}, in a cluster of processes. */
@Timeout(300)
class OperationsIT {
    private static final int ANSWER_TOKENS = 8;
    private static final int CHUNKS = 6;
    private static final int PROMPT_TOKENS = CHUNKS * TestCluster.CHUNK_TOKENS + 10;
    private static final long SETTLE_SECONDS = 60;

    @TempDir
    private static Path directory;

    @Test
    void blocksAreLookedUpAndDeleted() throws Exception {
        try (var cluster = start("delete", 2, 1, 1)) {
            Prompt prompt = prompt(1, PROMPT_TOKENS);
            List<Integer> expected = cluster.coordinator()
                    .generate(greedy(prompt, ANSWER_TOKENS).setCache(NO_CACHE))
                    .tokens();
            assertThat(lookup(cluster, prompt, "").get("stored").asInt()).isZero();
            for (String salt : List.of("", "alice", "bob")) {
                assertThat(ask(cluster, prompt, salt).tokens()).isEqualTo(expected);
            }
            cluster.awaitIdle("runner-a");

            JsonNode found = lookup(cluster, prompt, "alice");
            assertThat(found.get("blocks").asInt()).isEqualTo(CHUNKS);
            assertThat(found.get("stored").asInt()).isEqualTo(CHUNKS);
            assertThat(found.get("matched").asInt()).isEqualTo(CHUNKS);
            for (JsonNode place : found.get("places")) {
                assertThat(place.get("holders")).hasSize(2);
                assertThat(place.get("owner")).isEqualTo(place.get("holders").get(0));
            }
            assertThat(cache(cluster, "lookup", "--tokens", ids(prompt)).printed())
                    .contains(CHUNKS + " stored, the first " + CHUNKS + " of them");

            // One tenant's go, and no other's.
            JsonNode deleted =
                    cache(cluster, "delete", "--tenant", "alice", "--json").json();
            assertThat(deleted.get("deleted").asInt()).isEqualTo(CHUNKS);
            assertStored(cluster, prompt, CHUNKS, 0, CHUNKS);
            GenerationResult again = cluster.coordinator()
                    .generate(
                            greedy(prompt, ANSWER_TOKENS).setCacheSalt("alice").setCache(CLUSTER_ONLY));
            assertThat(again.usage().getCachedClusterTokens()).isZero();
            assertThat(again.tokens()).isEqualTo(expected);
            GenerationResult others = cluster.coordinator()
                    .generate(greedy(prompt, ANSWER_TOKENS).setCacheSalt("bob").setCache(CLUSTER_ONLY));
            assertThat(others.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
            assertThat(others.tokens()).isEqualTo(expected);

            // By key: the chain's third, which leaves the first two to be found.
            String key = lookup(cluster, prompt, "bob")
                    .get("places")
                    .get(2)
                    .get("key")
                    .asText();
            assertThat(cache(cluster, "delete", "--key", key).printed()).startsWith("1 blocks deleted: node-");
            assertThat(lookup(cluster, prompt, "bob").get("matched").asInt()).isEqualTo(2);

            assertThat(cache(cluster, "delete", "--model", "kvern-demo", "--json")
                            .json()
                            .get("deleted")
                            .asInt())
                    .isEqualTo(2 * CHUNKS - 1);
            assertStored(cluster, prompt, 0, 0, 0);
            assertThat(cache(cluster, "delete", "--model", "gpt-9").printed()).contains("gpt-9", "[kvern-demo]");

            Prompt other = prompt(2, PROMPT_TOKENS);
            List<Integer> otherTokens = ask(cluster, other, "").tokens();
            cluster.awaitIdle("runner-a");
            assertThat(lookup(cluster, other, "").get("stored").asInt()).isEqualTo(CHUNKS);
            CommandLineRun unsure = cache(cluster, "clear");
            assertThat(unsure.exitValue()).isEqualTo(2);
            assertThat(unsure.printed()).contains("--yes");
            assertThat(cache(cluster, "clear", "--yes", "--json")
                            .json()
                            .get("deleted")
                            .asInt())
                    .isEqualTo(CHUNKS);
            assertThat(lookup(cluster, other, "").get("stored").asInt()).isZero();
            GenerationResult later =
                    cluster.coordinator().generate(greedy(other, ANSWER_TOKENS).setCache(CLUSTER_ONLY));
            assertThat(later.usage().getCachedClusterTokens()).isZero();
            assertThat(later.tokens()).isEqualTo(otherTokens);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void aDrainedNodeTakesNothingWithIt(int backups) throws Exception {
        try (var cluster = start("drain-" + backups, 3, 1, backups)) {
            var prompts = new ArrayList<Prompt>();
            var expected = new ArrayList<List<Integer>>();
            for (int i = 0; i < 4; i++) {
                prompts.add(prompt(100 + i, PROMPT_TOKENS));
                expected.add(ask(cluster, prompts.get(i), "").tokens());
            }
            cluster.awaitIdle("runner-a");
            Await.until(
                    "all partitions to have their copies",
                    SETTLE_SECONDS,
                    () -> CacheAdminServiceGrpc.newBlockingStub(
                                    cluster.client("node-a").channel())
                            .rebalanceStatus(RebalanceStatusRequest.getDefaultInstance()),
                    status -> status.getFewestCopies() == 1 + backups && status.getMovingPartitions() == 0);
            assertThat(cache(cluster, "rebalance").printed())
                    .contains("node-a", "node-b", "node-c", "settled: 0 partitions lack a copy");
            long held = held(cluster, prompts, "node-b");
            assertThat(held).isPositive();

            var stop = new AtomicBoolean();
            var requests = CompletableFuture.runAsync(() -> {
                for (int i = 0; !stop.get(); i++) {
                    int which = i % prompts.size();
                    GenerateRequest.Builder request = i % 2 == 0
                            ? greedy(prompts.get(which), ANSWER_TOKENS).setCache(CLUSTER_ONLY)
                            : greedy(prompt(1_000 + i, PROMPT_TOKENS), ANSWER_TOKENS);
                    List<Integer> tokens =
                            cluster.coordinator().generate(request).tokens();
                    if (i % 2 == 0) {
                        assertThat(tokens).isEqualTo(expected.get(which));
                    }
                }
            });
            JsonNode answer = cache(cluster, "drain", "node-b", "--deadline", "100", "--json")
                    .json();
            assertThat(answer.get("drained").asBoolean()).as("%s", answer).isTrue();
            assertThat(answer.get("blocks").asLong()).isGreaterThanOrEqualTo(held);
            assertThat(answer.get("only_copies").asLong() > 0).isEqualTo(backups == 0);
            assertThat(cluster.process("node-b").awaitEnd(SETTLE_SECONDS)).isZero();
            stop.set(true);
            requests.join();

            cluster.awaitDown("node-b");
            assertThat(cluster.coordinator().stats().getMembersList())
                    .as("it has left, and was not lost")
                    .noneMatch(member -> member.getMember().getState() == MemberState.MEMBER_STATE_DOWN);
            for (int i = 0; i < prompts.size(); i++) {
                assertThat(lookup(cluster, prompts.get(i), "").get("matched").asInt())
                        .isEqualTo(CHUNKS);
                GenerationResult warm = cluster.coordinator()
                        .generate(greedy(prompts.get(i), ANSWER_TOKENS).setCache(CLUSTER_ONLY));
                assertThat(warm.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
                assertThat(warm.tokens()).isEqualTo(expected.get(i));
            }
            CommandLineRun unknown = cache(cluster, "drain", "node-b");
            assertThat(unknown.exitValue()).isEqualTo(2);
            assertThat(unknown.printed()).contains("node-b", "node-a", "node-c");
        }
    }

    private static TestCluster start(String name, int nodes, int runners, int backups) throws IOException {
        Path own = Files.createDirectories(directory.resolve(name));
        var node = new ArrayList<>(TestCluster.PATIENT_NODE);
        node.add("backups=" + backups);
        return TestCluster.start(
                own, Collections.nCopies(nodes, node), Collections.nCopies(runners, TestCluster.PATIENT_RUNNER));
    }

    private static GenerationResult ask(TestCluster cluster, Prompt prompt, String salt) {
        return cluster.coordinator().generate(greedy(prompt, ANSWER_TOKENS).setCacheSalt(salt));
    }

    private static void assertStored(TestCluster cluster, Prompt prompt, int shared, int alices, int bobs)
            throws Exception {
        assertThat(lookup(cluster, prompt, "").get("stored").asInt()).isEqualTo(shared);
        assertThat(lookup(cluster, prompt, "alice").get("stored").asInt()).isEqualTo(alices);
        assertThat(lookup(cluster, prompt, "bob").get("stored").asInt()).isEqualTo(bobs);
    }

    /** How many of the prompts' blocks a node has. */
    private static long held(TestCluster cluster, List<Prompt> prompts, String node) throws Exception {
        long held = 0;
        for (Prompt prompt : prompts) {
            for (JsonNode place : lookup(cluster, prompt, "").get("places")) {
                for (JsonNode holder : place.get("holders")) {
                    held += holder.asText().equals(node) ? 1 : 0;
                }
            }
        }
        return held;
    }

    private static JsonNode lookup(TestCluster cluster, Prompt prompt, String salt) throws Exception {
        return cache(cluster, "lookup", "--tokens", ids(prompt), "--cache-salt", salt, "--json")
                .json();
    }

    private static String ids(Prompt prompt) {
        return prompt.getTokenIds().getIdsList().stream().map(String::valueOf).collect(Collectors.joining(","));
    }

    private static CommandLineRun cache(TestCluster cluster, String command, String... arguments) throws Exception {
        var all = new ArrayList<>(
                List.of("cache", command, "--target", cluster.address(TestCluster.COORDINATOR, "grpc")));
        all.addAll(List.of(arguments));
        return CommandLineRun.of(all.toArray(String[]::new));
    }
}
