package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import dev.kvern.config.ConfigException;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.NodeConfig;
import dev.kvern.node.NodeProcess;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.CacheAdminServiceGrpc.CacheAdminServiceBlockingStub;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.PutRequest;
import dev.kvern.v1.RebalanceStatusRequest;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Several nodes in this JVM, asked over gRPC. Confined to a thread, but for {@link #put} and {@link #stored}. */
final class AdminCluster implements AutoCloseable {
    static final long REGION_BYTES = 64L << 20;
    static final int BLOCK_BYTES = 5_000;

    private final Map<String, NodeProcess> nodes = new LinkedHashMap<>();
    private final Map<String, ManagedChannel> channels = new LinkedHashMap<>();

    AdminCluster(int backups, String... ids) throws ConfigException {
        for (String id : ids) {
            start(backups, id);
        }
        if (ids.length == 0) {
            return;
        }
        for (String id : ids) {
            Awaits.until(id + " sees all", () -> stats(id).getClusterNodes() == ids.length);
        }
        awaitSettled(ids[0], backups == 0 ? 1 : Math.min(ids.length, backups + 1));
    }

    /** Starts a node that finds the one that was started first. */
    void start(int backups, String id) throws ConfigException {
        start(backups, id, nodes.isEmpty() ? "" : nodes.keySet().iterator().next());
    }

    /** Starts a node that finds another one, with settings of its own. */
    void start(int backups, String id, String other, String... more) throws ConfigException {
        var settings = new ArrayList<>(List.of(
                "id=" + id,
                "backups=" + backups,
                "listen.grpc_port=0",
                "ignite.discovery_port=0",
                "ignite.communication_port=0",
                "memory.region_bytes=" + REGION_BYTES,
                "memory.max_block_bytes=" + (1 << 20),
                "limits.operation_timeout_millis=20000"));
        if (!other.isEmpty()) {
            settings.add("ignite.addresses=[\"" + node(other).discoveryAddress() + "\"]");
        }
        settings.addAll(List.of(more));
        NodeProcess node =
                NodeProcess.start(NodeConfig.loader().load(null, settings).config());
        nodes.put(id, node);
        channels.put(
                id,
                NettyChannelBuilder.forAddress("127.0.0.1", node.grpcPort())
                        .usePlaintext()
                        .build());
    }

    /** Waits until every partition has its copies. */
    void awaitSettled(String id, int copies) {
        Awaits.until("all partitions have " + copies + " copies", () -> {
            var status = admin(id).rebalanceStatus(RebalanceStatusRequest.getDefaultInstance());
            return status.getMovingPartitions() == 0 && status.getFewestCopies() == copies;
        });
    }

    NodeProcess node(String id) {
        return Objects.requireNonNull(nodes.get(id), id);
    }

    CacheAdminServiceBlockingStub admin(String id) {
        return CacheAdminServiceGrpc.newBlockingStub(channels.get(id)).withDeadlineAfter(120, TimeUnit.SECONDS);
    }

    StatsResponse stats(String id) {
        return BlockStoreServiceGrpc.newBlockingStub(channels.get(id)).stats(StatsRequest.getDefaultInstance());
    }

    /** Stores blocks of these numbers at a node. */
    void put(String id, BlockLabels labels, int... numbers) {
        put(id, BLOCK_BYTES, labels, numbers);
    }

    /** Stores blocks of these numbers and of a size at a node. */
    void put(String id, int bytes, BlockLabels labels, int... numbers) {
        var parts = new ArrayList<PutRequest>();
        for (int number : numbers) {
            byte[] payload = Blocks.payload(number, bytes);
            BlockHeader.Builder header = Blocks.header(number, payload);
            labels.model().map(ModelDigest::toByteString).ifPresent(header::setModel);
            labels.tenant().map(TenantId::toByteString).ifPresent(header::setTenant);
            parts.add(Blocks.headerPart(header));
            parts.add(Blocks.dataPart(payload, 0, payload.length));
        }
        Blocks.put(BlockStoreServiceGrpc.newStub(channels.get(id)), parts.toArray(PutRequest[]::new));
    }

    /** Which of these numbers are stored, seen from a node. */
    List<Integer> stored(String id, int... numbers) {
        var stub = BlockStoreServiceGrpc.newBlockingStub(channels.get(id));
        return Arrays.stream(numbers)
                .filter(number -> stub.match(MatchRequest.newBuilder()
                                        .addKeys(key(number).toByteString())
                                        .build())
                                .getMatched()
                        == 1)
                .boxed()
                .toList();
    }

    static BlockKey key(int number) {
        return Blocks.key(number);
    }

    static int[] range(int from, int to) {
        return IntStream.range(from, to).toArray();
    }

    /** A node that has ended. */
    void forget(String id) {
        Objects.requireNonNull(channels.remove(id), id).shutdownNow();
        nodes.remove(id);
    }

    @Override
    public void close() {
        channels.values().forEach(ManagedChannel::shutdownNow);
        nodes.values().forEach(NodeProcess::close);
    }
}
