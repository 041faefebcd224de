package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.kvern.block.BlockKey;
import dev.kvern.it.Await;
import dev.kvern.it.Source;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The chart's own output, played: 3 cache nodes, 2 coordinators and 2 runners under load, scaled and restarted one at a time.
 * No request fails, no token changes, no block that was stored is lost, and reuse is soon what it was.
 */
@Timeout(900)
class DeployIT {
    private static final String NODES = "kvern-node";
    private static final String COORDINATORS = "kvern-coordinator";
    private static final String RUNNERS = "kvern-runner-demo";
    private static final int COORDINATOR_GRPC_PORT = 7400;
    private static final int COORDINATOR_HTTP_PORT = 7480;
    private static final int NODE_GRPC_PORT = 7410;

    /** Real, effective, saved, for files. */
    private static final String USER = "10001\t10001\t10001\t10001";

    private static final String NO_CAPABILITIES = "0000000000000000";

    private static final int CLIENTS_OF_A_KIND = 3;

    /** Those from the start, and one more for each of seven steps. */
    private static final int FIRST_BEGINNINGS = 4;

    private static final int BEGINNINGS = FIRST_BEGINNINGS + 7;
    private static final int QUESTIONS_EACH = 3;

    /** Requests over which reuse is measured, and that each step must see. */
    private static final int WINDOW = 60;

    private static final int LEAST_REQUESTS = 20;

    /** What chance makes of a window: which questions it saw. */
    private static final double RATE_TOLERANCE = 0.02;

    private static final long BACK_SECONDS = 60;
    private static final long LOAD_SECONDS = 120;
    private static final long STORE_SECONDS = 60;

    private final Timeline timeline = new Timeline();
    private final Ledger ledger = new Ledger(timeline);

    @Test
    void whatTheChartRendersIsScaledAndRestartedUnderLoad() throws Exception {
        Path logs = Source.ROOT.resolve("integration-tests/target/deploy");
        String rendered =
                Chart.render("kvern", values(), Map.of("models.demo.volume.hostPath", Source.MODEL.toString()));
        Rig rig = prepared(Manifests.parse(rendered), logs);
        try (rig) {
            List<Question> questions = Question.about(BEGINNINGS, QUESTIONS_EACH);
            Map<Question, Answer> expected = ReferenceAnswers.of(questions, logs);
            timeline.say("reference: " + expected.size() + " answers of a runner without a cache");
            rig.cluster().apply();
            timeline.say("all pods are ready");
            checkRights(rig.cluster());
            play(rig.cluster(), questions, expected);
        }
        assertThat(rig.incidents()).as("what no cluster that is well does").isEmpty();
        assertThat(rig.leftovers()).as("left on this machine").isEmpty();
    }

    private Rig prepared(Manifests manifests, Path logs) {
        try {
            return Rig.prepare(manifests, "kvern/node", logs, timeline, KubernetesStandIn.PUBLISH_MILLIS);
        } catch (Rig.Impossible e) {
            timeline.say("skipped: " + e.getMessage());
            return abort(String.valueOf(e.getMessage()));
        }
    }

    /** As the manifests say: neither root nor able to become it, and nothing to write but what is mounted for it. */
    private static void checkRights(KubernetesStandIn cluster) {
        for (String workload : List.of(NODES, COORDINATORS, RUNNERS)) {
            for (Pod pod : cluster.workload(workload).pods()) {
                assertThat(PodProcess.of(pod))
                        .as("%s", pod)
                        .containsExactly(new PodProcess(USER, USER, NO_CAPABILITIES, false, true));
            }
        }
    }

    private static Path values() throws URISyntaxException {
        return Path.of(Objects.requireNonNull(DeployIT.class.getResource("values.yaml"))
                .toURI());
    }

    private void play(KubernetesStandIn cluster, List<Question> questions, Map<Question, Answer> expected) {
        String front = cluster.virtualAddress(COORDINATORS).orElseThrow();
        var blocks = StoredBlocks.of(questions, front, COORDINATOR_GRPC_PORT);
        try (var load = new LoadClients(questions, QUESTIONS_EACH, expected, ledger)) {
            load.open(FIRST_BEGINNINGS * QUESTIONS_EACH);
            for (int i = 0; i < CLIENTS_OF_A_KIND; i++) {
                load.start(new GrpcAsker(front, COORDINATOR_GRPC_PORT));
                load.start(new HttpAsker(front, COORDINATOR_HTTP_PORT));
            }
            Await.until(
                    "all first questions to be asked",
                    LOAD_SECONDS,
                    () -> load.answered().size(),
                    answered -> answered == FIRST_BEGINNINGS * QUESTIONS_EACH);
            awaitRequests(WINDOW);
            double before = ledger.hitRate(WINDOW);
            timeline.say(String.format("reuse before: %.1f %%", 100 * before));

            var steps = new Steps(cluster, load, blocks);
            steps.scale(NODES, 4);
            steps.scale(NODES, 3);
            steps.scale(RUNNERS, 3);
            steps.scale(RUNNERS, 1);
            steps.restart(NODES);
            steps.restart(RUNNERS);
            assertThat(ledger.clusterTokens())
                    .as("tokens that new runners had from nodes")
                    .isPositive();
            steps.restart(COORDINATORS);

            ledger.begin("after");
            double start = timeline.seconds();
            awaitRequests(WINDOW);
            double after = Await.until(
                    "reuse to be back at " + before,
                    BACK_SECONDS,
                    () -> ledger.hitRate(WINDOW),
                    rate -> rate >= before - RATE_TOLERANCE);
            timeline.say(String.format(
                    "reuse after: %.1f %%, %.0f s after the end", 100 * after, timeline.seconds() - start));
        }
        ledger.begin("end");
        timeline.say(ledger.size() + " requests in all, " + ledger.retries() + " asked again");
        assertThat(ledger.problems())
                .as("requests that failed or were answered otherwise")
                .isEmpty();
        assertThat(ledger.retries())
                .as("requests that clients had to send again")
                .isZero();
        assertThat(cluster.incidents()).isEmpty();
    }

    /**
     * What is done to the cluster, each under load, a part of which is new, and what must be stored after it: all that was before,
     * and all of what was computed meanwhile.
     */
    private final class Steps {
        private final KubernetesStandIn cluster;
        private final LoadClients load;
        private final StoredBlocks blocks;

        Steps(KubernetesStandIn cluster, LoadClients load, StoredBlocks blocks) {
            this.cluster = cluster;
            this.load = load;
            this.blocks = blocks;
        }

        void scale(String workload, int replicas) {
            int now = cluster.workload(workload).pods().size();
            step(
                    workload + " " + now + " → " + replicas,
                    () -> cluster.workload(workload).scale(replicas));
        }

        void restart(String workload) {
            step(
                    "rolling restart of " + workload,
                    () -> cluster.workload(workload).restart());
        }

        private void step(String name, Runnable change) {
            Set<BlockKey> before = stored();
            timeline.say("begin: " + name + ", with " + before.size() + " blocks stored");
            ledger.begin(name);
            load.open(QUESTIONS_EACH);
            change.run();
            awaitRequests(LEAST_REQUESTS);
            assertThat(missing(before)).as("blocks lost by " + name).isEmpty();
            Set<BlockKey> computed = blocks.keys(load.answered());
            Await.until(
                    "all " + computed.size() + " blocks of answered prompts to be stored",
                    STORE_SECONDS,
                    () -> missing(computed),
                    Set::isEmpty);
        }

        private Set<BlockKey> missing(Set<BlockKey> wanted) {
            var missing = new HashSet<>(wanted);
            missing.removeAll(stored());
            return missing;
        }

        private Set<BlockKey> stored() {
            Pod node = cluster.workload(NODES).pods().get(0);
            return blocks.stored(node.identity().address(), NODE_GRPC_PORT);
        }
    }

    /** Waits for so many more requests to end. */
    private void awaitRequests(int count) {
        int now = ledger.size();
        Await.until(count + " requests to end", LOAD_SECONDS, ledger::size, size -> size >= now + count);
    }
}
