package dev.kvern.node.admin;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.kvern.node.ignite.GroupMetrics;
import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.ignite.PartitionHolders;
import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusResponse;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.LongSupplier;
import org.apache.ignite.cluster.ClusterNode;

/** How far the nodes are with moving partitions. Safe for use by several threads. */
final class RebalanceFigures {
    private static final String NAME = "rebalance status";

    private final GroupMetrics metrics;
    private final PartitionHolders holders;
    private final NodeMessages messages;
    private final LongSupplier epochMillis;

    /** @param epochMillis the clock that Ignite notes a transfer's start by */
    RebalanceFigures(GroupMetrics metrics, PartitionHolders holders, NodeMessages messages, LongSupplier epochMillis) {
        this.metrics = metrics;
        this.holders = holders;
        this.messages = messages;
        this.epochMillis = epochMillis;
        messages.serve(NAME, question -> here().toByteArray());
    }

    /** Of all nodes; of those that do not answer, why. */
    RebalanceStatusResponse all() {
        Map<ClusterNode, CompletableFuture<Optional<byte[]>>> asked = new LinkedHashMap<>();
        messages.nodes().forEach(node -> asked.put(node, messages.ask(node, NAME, new byte[0])));
        var response = RebalanceStatusResponse.newBuilder()
                .setMovingPartitions((int) metrics.number("ClusterMovingPartitionsCount"))
                .setFewestCopies((int) metrics.number("MinimumNumberOfPartitionCopies"));
        asked.forEach((node, answer) -> response.addNodes(of(node, answer)));
        return response.build();
    }

    private static NodeRebalance of(ClusterNode node, CompletableFuture<Optional<byte[]>> answer) {
        var figures = NodeRebalance.newBuilder();
        try {
            Optional<byte[]> bytes = answer.join();
            if (bytes.isPresent()) {
                figures.mergeFrom(bytes.get());
            } else {
                figures.setError("it is starting");
            }
        } catch (CompletionException e) {
            Throwable why = e.getCause() == null ? e : e.getCause();
            figures.setError(String.valueOf(why.getMessage()));
        } catch (InvalidProtocolBufferException e) {
            figures.setError("figures of another version: " + e.getMessage());
        }
        return figures.setNodeId(NodeMessages.id(node)).build();
    }

    private NodeRebalance here() {
        long left = metrics.number("RebalancingPartitionsLeft");
        long total = metrics.number("RebalancingPartitionsTotal");
        long blocks = metrics.number("RebalancingReceivedKeys");
        long bytes = metrics.number("RebalancingReceivedBytes");
        var figures = NodeRebalance.newBuilder()
                .setDraining(holders.draining())
                .setOwningPartitions((int) metrics.number("LocalNodeOwningPartitionsCount"))
                .setMovingPartitions((int) metrics.number("LocalNodeMovingPartitionsCount"))
                .setLeavingPartitions((int) metrics.number("LocalNodeRentingPartitionsCount"))
                .setLeavingBlocks(metrics.number("LocalNodeRentingEntriesCount"))
                .setReceivedBlocks(blocks)
                .setReceivedBytes(bytes)
                .setPartitionsLeft((int) Math.max(0, left));
        long come = total - left;
        if (left > 0 && come > 0) {
            double ratio = (double) left / come;
            long tookMillis = epochMillis.getAsLong() - metrics.number("RebalancingStartTime");
            figures.setBlocksLeft((long) (blocks * ratio))
                    .setBytesLeft((long) (bytes * ratio))
                    .setMillisLeft((long) (Math.max(0, tookMillis) * ratio));
        }
        return figures.build();
    }
}
