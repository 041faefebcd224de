package dev.kvern.it;

import static dev.kvern.it.Requests.CLUSTER_ONLY;
import static dev.kvern.it.Requests.greedy;
import static dev.kvern.it.Requests.prompt;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.Prompt;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes that are told to stop by SIGTERM, one after the other, while requests come. */
@Timeout(300)
class GracefulStopIT {
    private static final int ANSWER_TOKENS = 8;
    private static final int LONG_ANSWER_TOKENS = 1_600;
    private static final int CHUNKS = 4;
    private static final int PROMPT_TOKENS = CHUNKS * TestCluster.CHUNK_TOKENS + 10;
    private static final int PROMPTS = 8;
    private static final long LIMIT_SECONDS = 60;
    private static final String GRACE = "shutdown.grace_millis=60000";

    /** Longer than a cluster may take to end, which {@link TestCluster#close} looks after: no node waits for another one there. */
    private static final String DRAIN = "shutdown.drain_millis=60000";

    @TempDir
    private static Path directory;

    private final List<Prompt> prompts = new ArrayList<>();
    private final List<List<Integer>> expected = new ArrayList<>();

    @Test
    void nothingIsLostAndNobodyFailsWhateverStops() throws Exception {
        var node = new ArrayList<>(TestCluster.PATIENT_NODE);
        node.addAll(List.of("backups=0", DRAIN));
        var runner = new ArrayList<>(TestCluster.PATIENT_RUNNER);
        runner.add(GRACE);
        try (var cluster = TestCluster.start(
                directory,
                // A busy machine that stands still is not what is tested here.
                List.of(GRACE, "shutdown.delay_millis=3000", "membership.lease_millis=60000"),
                Collections.nCopies(3, node),
                Collections.nCopies(2, runner))) {
            for (int i = 0; i < PROMPTS; i++) {
                prompts.add(prompt(100 + i, PROMPT_TOKENS));
                expected.add(cluster.coordinator()
                        .generate(greedy(prompts.get(i), ANSWER_TOKENS))
                        .tokens());
            }
            cluster.awaitIdle("runner-a");
            cluster.awaitIdle("runner-b");
            aNodeHandsItsBlocksOver(cluster);
            aRunnerFinishesWhatItHas(cluster);
            aCoordinatorIsUnreadyBeforeItStops(cluster);
        }
    }

    private void aNodeHandsItsBlocksOver(TestCluster cluster) {
        try (var load = new Load(cluster)) {
            load.awaitMore();
            assertThat(cluster.stop("node-b", LIMIT_SECONDS)).isZero();
            load.awaitMore();
        }
        assertAllStored(cluster);
        assertThat(cluster.coordinator().stats().getMembersList())
                .as("it has left, and was not lost")
                .noneMatch(member -> member.getMember().getState() == MemberState.MEMBER_STATE_DOWN);

        // Under the same name at once, as a StatefulSet's pod does; then the one that most others took blocks from
        // goes.
        cluster.restart("node-b");
        assertThat(cluster.stop("node-c", LIMIT_SECONDS)).isZero();
        assertAllStored(cluster);
        cluster.restart("node-c");
        cluster.awaitMembers();
        assertAllStored(cluster);
    }

    private void aRunnerFinishesWhatItHas(TestCluster cluster) {
        Prompt last = prompt(200, PROMPT_TOKENS);
        List<Integer> whole = cluster.coordinator()
                .generate(greedy(prompts.get(0), LONG_ANSWER_TOKENS).setRunnerId("runner-b"))
                .tokens();
        Call stream = cluster.coordinator()
                .begin(greedy(prompts.get(0), LONG_ANSWER_TOKENS).setRunnerId("runner-a"));
        Call queued = cluster.coordinator().begin(greedy(last, ANSWER_TOKENS).setRunnerId("runner-a"));
        stream.awaitFirstToken();
        queued.awaitFirstToken();
        try (var load = new Load(cluster)) {
            assertThat(stream.hasEnded())
                    .as("the stream, before the runner is told to stop")
                    .isFalse();
            assertThat(cluster.stop("runner-a", LIMIT_SECONDS)).isZero();
            load.awaitMore();
        }
        assertThat(stream.result().tokens()).isEqualTo(whole);
        assertThat(queued.result().tokens()).hasSize(ANSWER_TOKENS);
        assertThat(cluster.storedChunks(last))
                .as("chunks that it stored before it ended")
                .isEqualTo(CHUNKS);
        GenerationResult next = cluster.coordinator().generate(greedy(prompts.get(1), ANSWER_TOKENS));
        assertThat(next.runner()).isEqualTo("runner-b");
    }

    private void aCoordinatorIsUnreadyBeforeItStops(TestCluster cluster) throws Exception {
        String http = "http://" + cluster.address(TestCluster.COORDINATOR, "http");
        String grpc = cluster.address(TestCluster.COORDINATOR, "grpc");
        assertThat(get(http + "/readyz").statusCode()).isEqualTo(200);
        Call stream = cluster.coordinator().begin(greedy(prompts.get(0), LONG_ANSWER_TOKENS));
        stream.awaitFirstToken();
        cluster.process(TestCluster.COORDINATOR).stop();
        HttpResponse<String> unready = Await.until(
                "the coordinator to say that it is not ready",
                LIMIT_SECONDS,
                () -> get(http + "/readyz"),
                answer -> answer.statusCode() == 503);
        assertThat(unready.headers().firstValue("connection")).contains("close");
        try (Client late = Client.of(grpc)) {
            assertThat(late.generate(greedy(prompts.get(1), ANSWER_TOKENS)).tokens())
                    .isEqualTo(expected.get(1));
        }
        assertThat(get(http + "/v1/models").statusCode()).isEqualTo(200);
        assertThat(stream.result().tokens()).hasSize(LONG_ANSWER_TOKENS);
        assertThat(cluster.stop(TestCluster.COORDINATOR, LIMIT_SECONDS)).isZero();
    }

    private void assertAllStored(TestCluster cluster) {
        for (Prompt prompt : prompts) {
            assertThat(cluster.storedChunks(prompt)).isEqualTo(CHUNKS);
        }
        for (int i = 0; i < PROMPTS; i++) {
            GenerationResult warm = cluster.coordinator()
                    .generate(greedy(prompts.get(i), ANSWER_TOKENS).setCache(CLUSTER_ONLY));
            assertThat(warm.usage().getCachedClusterTokens()).isEqualTo(CHUNKS * TestCluster.CHUNK_TOKENS);
            assertThat(warm.tokens()).isEqualTo(expected.get(i));
        }
    }

    private static HttpResponse<String> get(String address) {
        try {
            // HTTP/2 has no such header as is looked for.
            return HttpClient.newBuilder()
                    .version(HttpClient.Version.HTTP_1_1)
                    .build()
                    .send(HttpRequest.newBuilder(URI.create(address)).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(address, e);
        }
    }

    /** Requests one after the other, each of which must be answered as it was the first time. */
    private final class Load implements AutoCloseable {
        private final AtomicBoolean stop = new AtomicBoolean();
        private final AtomicInteger done = new AtomicInteger();
        private final CompletableFuture<Void> requests;

        Load(TestCluster cluster) {
            Client client = cluster.coordinator();
            requests = CompletableFuture.runAsync(() -> {
                for (int i = 0; !stop.get(); i++) {
                    int which = i % PROMPTS;
                    var request = greedy(prompts.get(which), ANSWER_TOKENS);
                    if (i % 2 == 0) {
                        request.setCache(CLUSTER_ONLY);
                    }
                    assertThat(client.generate(request).tokens()).isEqualTo(expected.get(which));
                    done.incrementAndGet();
                }
            });
        }

        /** Waits until some more have been answered. */
        void awaitMore() {
            int before = done.get();
            Await.until(
                    "requests to be answered",
                    LIMIT_SECONDS,
                    done::get,
                    now -> now >= before + PROMPTS || requests.isDone());
        }

        @Override
        public void close() {
            stop.set(true);
            requests.join();
            assertThat(done).hasPositiveValue();
        }
    }
}
