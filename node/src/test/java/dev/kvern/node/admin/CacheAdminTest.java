package dev.kvern.node.admin;

import static dev.kvern.node.admin.AdminCluster.key;
import static dev.kvern.node.admin.AdminCluster.range;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.config.ConfigException;
import dev.kvern.v1.BlockFilter;
import dev.kvern.v1.BlockKeys;
import dev.kvern.v1.BlockPlace;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.DeleteBlocksResponse;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.util.Arrays;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Looking up and deleting at two nodes that hold copies for each other. Each test uses keys of its own. */
class CacheAdminTest {
    private static final ModelDigest LLAMA = model(1);
    private static final ModelDigest QWEN = model(2);
    private static final TenantId ALICE = TenantId.ofSalt("alice");
    private static final TenantId BOB = TenantId.ofSalt("bob");

    private static AdminCluster cluster;

    @BeforeAll
    static void start() throws ConfigException {
        cluster = new AdminCluster(1, "admin-1", "admin-2");
    }

    @AfterAll
    static void stop() {
        cluster.close();
    }

    private static ModelDigest model(int number) {
        byte[] digest = new byte[32];
        digest[0] = (byte) number;
        return ModelDigest.wrap(digest);
    }

    @Test
    void lookupNamesOwnerAndHolders() {
        cluster.put("admin-1", BlockLabels.NONE, range(100, 120));
        LookupResponse found = cluster.admin("admin-2")
                .lookup(LookupRequest.newBuilder()
                        .addAllKeys(IntStream.range(100, 122)
                                .mapToObj(i -> key(i).toByteString())
                                .toList())
                        .build());
        assertThat(found.getMatched()).isEqualTo(20);
        assertThat(found.getPlacesList()).hasSize(22);
        for (BlockPlace place : found.getPlacesList().subList(0, 20)) {
            assertThat(place.getStored()).isTrue();
            assertThat(place.getHolderNodeIdsList()).containsExactlyInAnyOrder("admin-1", "admin-2");
            assertThat(place.getHolderNodeIds(0)).isEqualTo(place.getPrimaryNodeId());
        }
        assertThat(found.getPlacesList().subList(0, 20))
                .extracting(BlockPlace::getPrimaryNodeId)
                .contains("admin-1", "admin-2");
        BlockPlace absent = found.getPlaces(20);
        assertThat(absent.getStored()).isFalse();
        assertThat(absent.getHolderNodeIdsList()).isEmpty();
        assertThat(absent.getPrimaryNodeId()).startsWith("admin-");
    }

    @Test
    void keysGoWithAllTheirCopies() {
        cluster.put("admin-1", BlockLabels.NONE, range(200, 1_000));
        var keys = BlockKeys.newBuilder();
        Arrays.stream(range(200, 950)).forEach(i -> keys.addKeys(key(i).toByteString()));
        keys.addKeys(key(9_999).toByteString());
        var request = DeleteBlocksRequest.newBuilder().setKeys(keys).build();

        DeleteBlocksResponse first = cluster.admin("admin-2").deleteBlocks(request);
        assertThat(first.getDeleted()).isEqualTo(750);
        assertThat(first.getNodesList())
                .hasSize(2)
                .allSatisfy(node -> assertThat(node.getDeleted()).isPositive());
        assertThat(cluster.stored("admin-1", range(200, 1_000))).hasSize(50).allMatch(i -> i >= 950);
        assertThat(places(200).getHolderNodeIdsList()).isEmpty();
        assertThat(cluster.admin("admin-1").deleteBlocks(request).getDeleted()).isZero();
    }

    @Test
    void labelsChooseWhatGoes() {
        cluster.put("admin-1", labels(LLAMA, ALICE), range(2_000, 2_040));
        cluster.put("admin-2", labels(LLAMA, BOB), range(2_040, 2_080));
        cluster.put("admin-1", labels(QWEN, ALICE), range(2_080, 2_120));
        cluster.put("admin-1", new BlockLabels(Optional.of(QWEN), Optional.empty()), range(2_120, 2_160));

        assertThat(delete(BlockFilter.newBuilder().setModel(QWEN.toByteString()).setTenant(ALICE.toByteString())))
                .isEqualTo(40);
        assertThat(cluster.stored("admin-2", range(2_000, 2_160))).hasSize(120).noneMatch(i -> i >= 2_080 && i < 2_120);
        assertThat(delete(BlockFilter.newBuilder().setTenant(ALICE.toByteString())))
                .isEqualTo(40);
        assertThat(cluster.stored("admin-1", range(2_000, 2_080))).hasSize(40).allMatch(i -> i >= 2_040);
        assertThat(delete(BlockFilter.newBuilder().setModel(QWEN.toByteString())))
                .isEqualTo(40);
        assertThat(delete(BlockFilter.newBuilder().setModel(LLAMA.toByteString())))
                .isEqualTo(40);
        assertThat(cluster.stored("admin-1", range(2_000, 2_160))).isEmpty();
    }

    @Test
    void everythingGoesWhenAsked() {
        cluster.put("admin-1", labels(LLAMA, ALICE), range(3_000, 3_100));
        cluster.put("admin-1", BlockLabels.NONE, range(3_100, 3_200));
        long deleted = cluster.admin("admin-2")
                .deleteBlocks(DeleteBlocksRequest.newBuilder().setAll(true).build())
                .getDeleted();
        assertThat(deleted).isGreaterThanOrEqualTo(200);
        for (String id : new String[] {"admin-1", "admin-2"}) {
            var stats = cluster.stats(id);
            assertThat(stats.getPrimaryBlocks() + stats.getBackupBlocks())
                    .as(id)
                    .isZero();
        }
    }

    @Test
    void whatCannotBeIsRefusedByName() {
        refused(DeleteBlocksRequest.newBuilder(), "selection: absent");
        refused(DeleteBlocksRequest.newBuilder().setAll(false), "selection: absent", "all: true");
        refused(DeleteBlocksRequest.newBuilder().setKeys(BlockKeys.newBuilder()), "keys.keys: 0 keys", "1 to 65536");
        refused(DeleteBlocksRequest.newBuilder().setLabelled(BlockFilter.newBuilder()), "neither model nor tenant");
        refused(
                DeleteBlocksRequest.newBuilder()
                        .setLabelled(BlockFilter.newBuilder().setTenant(ByteString.copyFrom(new byte[5]))),
                "labelled.tenant: 5 bytes",
                "32 bytes");
        var failure = catchThrowableOfType(
                StatusRuntimeException.class,
                () -> cluster.admin("admin-1")
                        .drain(DrainRequest.newBuilder().setDeadlineMillis(5).build()));
        assertThat(failure.getStatus().getDescription()).contains("deadline_millis: 5", "100 to 86400000");
    }

    private static void refused(DeleteBlocksRequest.Builder request, String... words) {
        var failure = catchThrowableOfType(
                StatusRuntimeException.class, () -> cluster.admin("admin-1").deleteBlocks(request.build()));
        assertThat(failure.getStatus().getCode()).isEqualTo(Status.Code.INVALID_ARGUMENT);
        assertThat(failure.getStatus().getDescription()).contains(words);
    }

    private static long delete(BlockFilter.Builder filter) {
        return cluster.admin("admin-2")
                .deleteBlocks(
                        DeleteBlocksRequest.newBuilder().setLabelled(filter).build())
                .getDeleted();
    }

    private static BlockPlace places(int number) {
        return cluster.admin("admin-1")
                .lookup(LookupRequest.newBuilder()
                        .addKeys(key(number).toByteString())
                        .build())
                .getPlaces(0);
    }

    private static BlockLabels labels(ModelDigest model, TenantId tenant) {
        return new BlockLabels(Optional.of(model), Optional.of(tenant));
    }
}
