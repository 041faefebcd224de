package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import dev.kvern.it.Await;
import dev.kvern.it.Source;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.StatsRequest;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * Nodes of several zones, each of which has a StatefulSet, so that their first ones start at the same time; and name servers that
 * know nobody until long after nodes run. All come to be one cluster, when they are installed and after a power cut.
 */
@Timeout(900)
class ZonesIT {
    private static final List<String> NODES = List.of("kvern-node-a", "kvern-node-b", "kvern-node-c");
    private static final int NODE_GRPC_PORT = 7410;

    /** Longer than nodes take to start, which without names would each be alone. */
    private static final long PUBLISH_MILLIS = 15_000;

    private static final long LIMIT_SECONDS = 240;
    private static final long ANSWER_SECONDS = 5;

    private final Timeline timeline = new Timeline();

    @Test
    void nodesThatStartTogetherAreOneCluster() throws Exception {
        Path values = Path.of(
                Objects.requireNonNull(ZonesIT.class.getResource("zones.yaml")).toURI());
        Path logs = Source.ROOT.resolve("integration-tests/target/zones");
        Rig rig = prepared(Manifests.parse(Chart.render("kvern", values, Map.of())), logs);
        try (rig) {
            rig.cluster().apply();
            List<Pod> nodes = NODES.stream()
                    .flatMap(zone -> rig.cluster().workload(zone).pods().stream())
                    .toList();
            assertThat(nodes).hasSize(NODES.size());
            awaitOneCluster(nodes);
            assertThat(rig.incidents()).isEmpty();

            timeline.say("power cut");
            nodes.forEach(Pod::crash);
            Await.until(
                    "all nodes to have ended",
                    LIMIT_SECONDS,
                    rig::incidents,
                    incidents -> incidents.size() == nodes.size());
            nodes.forEach(Readiness::await);
            awaitOneCluster(nodes);
            assertThat(rig.incidents())
                    .hasSize(nodes.size())
                    .allSatisfy(incident -> assertThat(incident).contains("ended by itself with exit code 137"));
        }
        assertThat(rig.leftovers()).as("left on this machine").isEmpty();
    }

    private Rig prepared(Manifests manifests, Path logs) {
        try {
            return Rig.prepare(manifests, "kvern/node", logs, timeline, PUBLISH_MILLIS);
        } catch (Rig.Impossible e) {
            timeline.say("skipped: " + e.getMessage());
            return abort(String.valueOf(e.getMessage()));
        }
    }

    private static void awaitOneCluster(List<Pod> nodes) {
        Await.until(
                "each node to see all",
                LIMIT_SECONDS,
                () -> nodes.stream().map(ZonesIT::nodesSeenBy).toList(),
                seen -> seen.equals(Collections.nCopies(nodes.size(), nodes.size())));
    }

    /** 0 while it does not answer. */
    private static int nodesSeenBy(Pod node) {
        ManagedChannel channel = NettyChannelBuilder.forAddress(node.identity().address(), NODE_GRPC_PORT)
                .usePlaintext()
                .build();
        try {
            return BlockStoreServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .stats(StatsRequest.getDefaultInstance())
                    .getClusterNodes();
        } catch (StatusRuntimeException e) {
            return 0;
        } finally {
            channel.shutdownNow();
        }
    }
}
