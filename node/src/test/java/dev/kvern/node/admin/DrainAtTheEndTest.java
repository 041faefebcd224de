package dev.kvern.node.admin;

import static dev.kvern.node.admin.AdminCluster.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockLabels;
import dev.kvern.node.Awaits;
import dev.kvern.node.NodeProcess;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.RebalanceStatusRequest;
import io.grpc.StatusRuntimeException;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Nodes that are told to stop and hand their blocks over first. */
@Timeout(180)
class DrainAtTheEndTest {
    private static final int BLOCKS = 1_000;
    private static final String[] PATIENT = {"shutdown.drain_millis=120000"};
    private static final long PATIENT_SECONDS = 130;

    /** A drain then takes some ten seconds: half of the blocks are as many megabytes. */
    private static final String SLOW = "rebalance.bytes_per_second=1048576";

    private static final int LARGE_BYTES = 20_000;

    /** Far below what a node may take to drain. */
    private static final long AT_ONCE_SECONDS = 70;

    @Test
    void whatStopsLosesNothingAndComesBackUnderItsName() throws Exception {
        try (var cluster = new AdminCluster(0, "end-1")) {
            cluster.start(0, "end-2", "end-1", PATIENT);
            cluster.start(0, "end-3", "end-1", PATIENT);
            cluster.awaitSettled("end-1", 1);
            Awaits.until("all see each other", () -> cluster.stats("end-1").getClusterNodes() == 3);
            cluster.put("end-1", BlockLabels.NONE, range(0, BLOCKS));
            for (String id : List.of("end-3", "end-2", "end-3")) {
                Awaits.until(id + " holds blocks", () -> cluster.stats(id).getPrimaryBlocks() > 0);
                NodeProcess stopping = cluster.node(id);
                stopping.close();
                cluster.forget(id);
                cluster.start(0, id, "end-1", PATIENT);
                assertThat(cluster.stored("end-1", range(0, BLOCKS))).hasSize(BLOCKS);
            }
        }
    }

    @Test
    void nobodyWaitsWhenAllAreToldToStop() throws Exception {
        var cluster = new AdminCluster(0, "all-1");
        cluster.start(0, "all-2", "all-1", PATIENT);
        cluster.start(0, "all-3", "all-1", PATIENT);
        Awaits.until("all see each other", () -> cluster.stats("all-1").getClusterNodes() == 3);
        cluster.put("all-1", BlockLabels.NONE, range(0, BLOCKS));
        // The one that does not hand over goes too, so that the two that do have only each other.
        CompletableFuture.allOf(Stream.of("all-1", "all-2", "all-3")
                        .map(id -> CompletableFuture.runAsync(cluster.node(id)::close))
                        .toArray(CompletableFuture[]::new))
                .get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
        cluster.close();
    }

    @Test
    void theLastOneLeavesAtOnce() throws Exception {
        var cluster = new AdminCluster(0);
        cluster.start(0, "last-1", "", PATIENT);
        cluster.put("last-1", BlockLabels.NONE, range(0, BLOCKS));
        CompletableFuture.runAsync(cluster.node("last-1")::close).get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
        cluster.close();
    }

    @Test
    void aDrainUnderWayEndsWithTheProcess() throws Exception {
        try (var cluster = new AdminCluster(0)) {
            cluster.start(0, "way-1", "", SLOW);
            cluster.start(0, "way-2", "way-1", SLOW, "shutdown.drain_millis=1000");
            Awaits.until("both see each other", () -> cluster.stats("way-1").getClusterNodes() == 2);
            cluster.awaitSettled("way-1", 1);
            cluster.put("way-1", LARGE_BYTES, BlockLabels.NONE, range(0, BLOCKS));
            var drain = drain(cluster, "way-2");
            Awaits.until("the drain is under way", () -> draining(cluster, "way-1", "way-2"));
            CompletableFuture.runAsync(cluster.node("way-2")::close).get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
            assertThat(drain.get(AT_ONCE_SECONDS, TimeUnit.SECONDS)).isNotEqualTo(Optional.of(true));
            cluster.forget("way-2");
        }
    }

    @Test
    void whoIsOnlyBeingDrainedStaysAndTakesWhatTheOneThatStopsHas() throws Exception {
        try (var cluster = new AdminCluster(0)) {
            cluster.start(0, "stay-1", "", SLOW);
            cluster.start(0, "stay-2", "stay-1", SLOW, PATIENT[0]);
            Awaits.until("both see each other", () -> cluster.stats("stay-1").getClusterNodes() == 2);
            cluster.awaitSettled("stay-1", 1);
            cluster.put("stay-1", LARGE_BYTES, BlockLabels.NONE, range(0, BLOCKS));
            Awaits.until("both hold blocks", () -> cluster.stats("stay-2").getPrimaryBlocks() > 0);
            var drain = drain(cluster, "stay-1");
            Awaits.until("the drain is under way", () -> draining(cluster, "stay-2", "stay-1"));
            NodeProcess stopping = cluster.node("stay-2");
            CompletableFuture.runAsync(stopping::close).get(PATIENT_SECONDS, TimeUnit.SECONDS);
            cluster.forget("stay-2");
            assertThat(drain.get(AT_ONCE_SECONDS, TimeUnit.SECONDS)).contains(false);
            assertThat(cluster.node("stay-1").drained()).isFalse();
            assertThat(cluster.stored("stay-1", range(0, BLOCKS))).hasSize(BLOCKS);
        }
    }

    private static boolean draining(AdminCluster cluster, String asked, String of) {
        return cluster.admin(asked).rebalanceStatus(RebalanceStatusRequest.getDefaultInstance()).getNodesList().stream()
                .anyMatch(node -> node.getNodeId().equals(of) && node.getDraining());
    }

    /** Asks a node to drain: whether it has, or nothing if its process ended first. */
    private static CompletableFuture<Optional<Boolean>> drain(AdminCluster cluster, String id) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return Optional.of(cluster.admin(id)
                        .drain(DrainRequest.newBuilder()
                                .setDeadlineMillis(100_000)
                                .build())
                        .getDrained());
            } catch (StatusRuntimeException e) {
                return Optional.empty();
            }
        });
    }
}
