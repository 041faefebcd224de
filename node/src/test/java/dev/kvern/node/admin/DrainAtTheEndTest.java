package dev.kvern.node.admin;

import static dev.kvern.node.admin.AdminCluster.range;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockLabels;
import dev.kvern.node.Awaits;
import dev.kvern.node.NodeProcess;
import dev.kvern.v1.DrainRequest;
import io.grpc.StatusRuntimeException;
import java.util.List;
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
        try (var cluster = new AdminCluster(0, "way-1")) {
            cluster.start(0, "way-2", "way-1", "shutdown.drain_millis=1000");
            Awaits.until("both see each other", () -> cluster.stats("way-1").getClusterNodes() == 2);
            cluster.put("way-1", BlockLabels.NONE, range(0, BLOCKS));
            // Each waits for the other: the first one is never done.
            var first = drain(cluster, "way-1");
            var second = drain(cluster, "way-2");
            CompletableFuture.runAsync(cluster.node("way-2")::close).get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
            second.get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
            cluster.forget("way-2");
            cluster.node("way-1").close();
            first.get(AT_ONCE_SECONDS, TimeUnit.SECONDS);
        }
    }

    /** Asks a node to drain; ends when that has ended in whatever way. */
    private static CompletableFuture<Void> drain(AdminCluster cluster, String id) {
        return CompletableFuture.runAsync(() -> {
            try {
                cluster.admin(id)
                        .drain(DrainRequest.newBuilder()
                                .setDeadlineMillis(100_000)
                                .build());
            } catch (StatusRuntimeException e) {
                // It has ended first.
            }
        });
    }
}
