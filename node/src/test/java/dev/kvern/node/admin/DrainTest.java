package dev.kvern.node.admin;

import static dev.kvern.node.admin.AdminCluster.key;
import static dev.kvern.node.admin.AdminCluster.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.block.BlockLabels;
import dev.kvern.config.ConfigException;
import dev.kvern.node.Awaits;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.DrainResponse;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusRequest;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.ignite.Ignition;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A node that is drained while others are written to. */
@Timeout(180)
class DrainTest {
    private static final int BLOCKS = 1_500;
    private static final DrainRequest PATIENT =
            DrainRequest.newBuilder().setDeadlineMillis(60_000).build();

    @ParameterizedTest
    @ValueSource(ints = {0, 1})
    void nothingIsLostWhateverTheNumberOfCopies(int backups) throws Exception {
        String[] ids = {"drain-1-" + backups, "drain-2-" + backups, "drain-3-" + backups};
        try (var cluster = new AdminCluster(backups, ids)) {
            cluster.put(ids[0], BlockLabels.NONE, range(0, BLOCKS));
            long held = cluster.stats(ids[1]).getPrimaryBlocks()
                    + cluster.stats(ids[1]).getBackupBlocks();
            assertThat(held).isGreaterThan(BLOCKS / 5);

            // Others are written to and read from meanwhile.
            var written = new AtomicInteger(BLOCKS);
            var stop = new AtomicBoolean();
            var load = CompletableFuture.runAsync(() -> {
                while (!stop.get()) {
                    int first = written.get();
                    cluster.put(ids[2], BlockLabels.NONE, range(first, first + 5));
                    assertThat(cluster.stored(ids[0], first)).hasSize(1);
                    written.set(first + 5);
                }
            });
            // Below the oldest one goes too, which is the one that decides who holds partitions.
            DrainResponse answer = cluster.admin(ids[1]).drain(PATIENT);
            assertThat(answer.getDrained()).as("%s", answer).isTrue();
            assertThat(answer.getNodeId()).isEqualTo(ids[1]);
            assertThat(answer.getBlocks()).isGreaterThanOrEqualTo(held);
            if (backups == 0) {
                assertThat(answer.getOnlyCopies()).isGreaterThanOrEqualTo(held);
            } else {
                assertThat(answer.getOnlyCopies()).isZero();
            }
            assertThat(answer.getOnlyCopiesLeft()).isZero();
            assertThat(answer.getBlocksWithoutRoom()).isZero();
            assertThat(answer.getEvictedElsewhere()).isZero();
            cluster.node(ids[1]).awaitTermination();
            assertThat(cluster.node(ids[1]).drained()).isTrue();
            Awaits.until("the others see it gone", () -> cluster.stats(ids[0]).getClusterNodes() == 2);
            stop.set(true);
            load.join();
            assertThat(written.get()).isGreaterThan(BLOCKS);
            assertThat(cluster.stored(ids[0], range(0, written.get()))).hasSize(written.get());

            cluster.forget(ids[1]);
            cluster.awaitSettled(ids[2], 1 + backups);
            DrainResponse second = cluster.admin(ids[0]).drain(PATIENT);
            assertThat(second.getDrained()).as("%s", second).isTrue();
            cluster.node(ids[0]).awaitTermination();
            cluster.forget(ids[0]);
            assertThat(cluster.stored(ids[2], range(0, written.get()))).hasSize(written.get());

            // Nobody is left.
            var alone = catchThrowableOfType(
                    StatusRuntimeException.class, () -> cluster.admin(ids[2]).drain(PATIENT));
            assertThat(alone.getStatus().getCode()).isEqualTo(Status.Code.FAILED_PRECONDITION);
            assertThat(alone.getStatus().getDescription())
                    .contains("no other node for " + written.get() + " blocks", "SIGTERM");

            // A node that comes later takes its part: Ignite decides by itself again.
            cluster.start(backups, "late-" + backups);
            Awaits.until("a new node holds blocks", () -> {
                var stats = cluster.stats("late-" + backups);
                return stats.getPrimaryBlocks() > 0;
            });
        }
    }

    @Test
    void afterADrainAnotherNodeMayBeLost() throws Exception {
        try (var cluster = new AdminCluster(1, "lost-1", "lost-2", "lost-3")) {
            cluster.put("lost-3", BlockLabels.NONE, range(0, BLOCKS));
            DrainResponse answer = cluster.admin("lost-2").drain(PATIENT);
            assertThat(answer.getDrained()).as("%s", answer).isTrue();
            cluster.node("lost-2").awaitTermination();
            cluster.forget("lost-2");
            // At once, while it may still be the oldest node that says who holds partitions; and it is that node.
            Ignition.stop("lost-1", true);
            Awaits.until("the last one is alone", () -> cluster.stats("lost-3").getClusterNodes() == 1);
            assertThat(cluster.stored("lost-3", range(0, BLOCKS))).hasSize(BLOCKS);
            cluster.start(1, "lost-4", "lost-3");
            cluster.awaitSettled("lost-3", 2);
        }
    }

    @Test
    void whatDoesNotEndInTimeIsAskedToStay() throws ConfigException {
        try (var cluster = new AdminCluster(0, "late-1", "late-2")) {
            cluster.put("late-1", BlockLabels.NONE, range(0, BLOCKS));
            // Too short for any transfer: Ignite needs longer to agree on who holds what.
            DrainResponse answer = cluster.admin("late-2")
                    .drain(DrainRequest.newBuilder().setDeadlineMillis(100).build());
            if (!answer.getDrained()) {
                assertThat(answer.getOnlyCopiesLeft()).isPositive();
                Awaits.until(
                        "it holds its part again",
                        () -> !rebalance(cluster, "late-1", "late-2").getDraining()
                                && rebalance(cluster, "late-1", "late-2").getOwningPartitions() > 0
                                && rebalance(cluster, "late-1", "late-2").getMovingPartitions() == 0);
                assertThat(cluster.node("late-2").drained()).isFalse();
                cluster.awaitSettled("late-2", 1);
            }
            assertThat(cluster.stored("late-1", range(0, BLOCKS))).hasSize(BLOCKS);
        }
    }

    @Test
    void anAnswerSaysWhatOthersHadNoRoomFor() throws ConfigException {
        try (var cluster = new AdminCluster(0, "room-1", "room-2")) {
            // Together more than one of them can hold.
            int size = 120_000;
            int blocks = (int) (1.2 * AdminCluster.REGION_BYTES / size);
            for (int from = 0; from < blocks; from += 50) {
                cluster.put("room-1", size, BlockLabels.NONE, range(from, Math.min(blocks, from + 50)));
            }
            DrainResponse answer = cluster.admin("room-2").drain(PATIENT);
            assertThat(answer.getDrained()).as("%s", answer).isTrue();
            assertThat(answer.getBlocksWithoutRoom()).as("%s", answer).isPositive();
            var left = cluster.admin("room-1")
                    .lookup(LookupRequest.newBuilder()
                            .addKeys(key(blocks - 1).toByteString())
                            .build());
            assertThat(left.getPlaces(0).getPrimaryNodeId()).isEqualTo("room-1");
            assertThat(cluster.stats("room-1").getUsedBytes()).isLessThanOrEqualTo(AdminCluster.REGION_BYTES);
        }
    }

    private static NodeRebalance rebalance(AdminCluster cluster, String asked, String of) {
        return cluster.admin(asked).rebalanceStatus(RebalanceStatusRequest.getDefaultInstance()).getNodesList().stream()
                .filter(node -> node.getNodeId().equals(of))
                .findFirst()
                .orElseThrow();
    }
}
