package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.kvern.v1.BlockKeys;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc.CacheAdminServiceBlockingStub;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusRequest;
import io.grpc.StatusRuntimeException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What people are told of a cluster while one of its nodes hangs, and does not count as lost yet. */
@Timeout(300)
class HangingNodeIT {
    private static final int CHUNKS = 60;
    private static final int BYTES = 20_000;

    /** Nodes wait for each other's answers for five seconds; this is beside a busy machine. */
    private static final long ANSWER_SECONDS = 40;

    @TempDir
    private Path directory;

    @Test
    void aNodeThatHangsIsNamedAndTheOthersAnswer() {
        List<TestChunk> chunks = IntStream.range(0, CHUNKS)
                .mapToObj(i -> TestChunk.of(1, i, BYTES))
                .toList();
        try (var cluster = NodeCluster.start(directory, 3, "backups=1", "ignite.failure_detection_millis=60000");
                var client = new TierClient(TierClient.PATIENT, cluster.addresses())) {
            chunks.forEach(chunk -> assertThat(client.put(chunk)).isTrue());
            LookupResponse before = lookup(cluster, chunks);
            assertThat(before.getMatched()).isEqualTo(CHUNKS);
            assertThat(before.getSilentNodeIdsList()).isEmpty();
            assertThat(before.getPlacesList()).allMatch(place -> place.getHolderNodeIdsCount() == 2);

            cluster.process("node-c").pause();
            LookupResponse found = lookup(cluster, chunks);
            assertThat(found.getSilentNodeIdsList()).containsExactly("node-c");
            assertThat(found.getMatched()).as("each has a copy at another node").isEqualTo(CHUNKS);
            for (int i = 0; i < CHUNKS; i++) {
                BlockPlace known = before.getPlaces(i);
                assertThat(found.getPlaces(i).getPrimaryNodeId()).isEqualTo(known.getPrimaryNodeId());
                assertThat(found.getPlaces(i).getHolderNodeIdsList())
                        .containsExactlyElementsOf(known.getHolderNodeIdsList().stream()
                                .filter(node -> !node.equals("node-c"))
                                .toList());
            }
            // Any node may be asked, and none waits for the one that hangs: not even again and again would all of these
            // be found.
            for (String name : List.of("node-a", "node-b")) {
                Await.until(
                        name + " to find all",
                        ANSWER_SECONDS,
                        () -> matched(cluster, name, chunks),
                        matched -> matched == CHUNKS);
            }
            List<NodeRebalance> nodes = admin(cluster)
                    .rebalanceStatus(RebalanceStatusRequest.getDefaultInstance())
                    .getNodesList();
            assertThat(nodes)
                    .hasSize(3)
                    .allMatch(node ->
                            node.getNodeId().equals("node-c") == node.getError().contains("no answer")
                                    && node.getNodeId().equals("node-c")
                                            != node.getError().isEmpty());
            var refused = catchThrowableOfType(
                    StatusRuntimeException.class, () -> admin(cluster).deleteBlocks(delete(chunks)));
            assertThat(refused.getStatus().getDescription()).contains("no ");

            cluster.process("node-c").resume();
            Await.until(
                    "all to answer again",
                    ANSWER_SECONDS,
                    () -> lookup(cluster, chunks).getSilentNodeIdsList().size(),
                    silent -> silent == 0);
            admin(cluster).deleteBlocks(delete(chunks));
            assertThat(lookup(cluster, chunks).getPlacesList()).noneMatch(BlockPlace::getStored);
        }
    }

    private static LookupResponse lookup(NodeCluster cluster, List<TestChunk> chunks) {
        var request = LookupRequest.newBuilder();
        chunks.forEach(chunk -> request.addKeys(chunk.key().toByteString()));
        return admin(cluster).lookup(request.build());
    }

    /** Leading chunks that a node knows of; negative if it says nothing, as one on a busy machine may. */
    private static int matched(NodeCluster cluster, String node, List<TestChunk> chunks) {
        var request = MatchRequest.newBuilder();
        chunks.forEach(chunk -> request.addKeys(chunk.key().toByteString()));
        try {
            return BlockStoreServiceGrpc.newBlockingStub(cluster.client(node).channel())
                    .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS)
                    .match(request.build())
                    .getMatched();
        } catch (StatusRuntimeException e) {
            return -1;
        }
    }

    private static DeleteBlocksRequest delete(List<TestChunk> chunks) {
        var keys = BlockKeys.newBuilder();
        chunks.forEach(chunk -> keys.addKeys(chunk.key().toByteString()));
        return DeleteBlocksRequest.newBuilder().setKeys(keys).build();
    }

    private static CacheAdminServiceBlockingStub admin(NodeCluster cluster) {
        return CacheAdminServiceGrpc.newBlockingStub(cluster.client("node-a").channel())
                .withDeadlineAfter(ANSWER_SECONDS, TimeUnit.SECONDS);
    }
}
