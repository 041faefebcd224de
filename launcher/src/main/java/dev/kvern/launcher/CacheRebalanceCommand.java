package dev.kvern.launcher;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.NodeRebalance;
import dev.kvern.v1.RebalanceStatusRequest;
import dev.kvern.v1.RebalanceStatusResponse;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern cache rebalance}. */
@Command(
        name = "rebalance",
        mixinStandardHelpOptions = true,
        description = "Says how far the nodes are with moving blocks after some have come or gone.")
final class CacheRebalanceCommand implements Callable<Integer> {
    private static final long LIMIT_SECONDS = 60;
    private static final double MEBI = 1 << 20;

    @Mixin
    private CacheTarget target = new CacheTarget();

    @Option(names = "--json", description = "Print one JSON object instead of a table.")
    private boolean json;

    @Override
    public Integer call() {
        RebalanceStatusResponse status =
                target.ask(LIMIT_SECONDS, stub -> stub.rebalanceStatus(RebalanceStatusRequest.getDefaultInstance()));
        if (json) {
            CacheCommand.printJson(json(status));
        } else {
            print(status);
        }
        return 0;
    }

    private static void print(RebalanceStatusResponse status) {
        var table = new TextTable(
                "node",
                "state",
                "owns",
                "receives",
                "drops",
                "came",
                "MiB",
                "parts left",
                "blocks left",
                "MiB left",
                "s");
        for (NodeRebalance node : status.getNodesList()) {
            table.add(
                    node.getNodeId(),
                    state(node),
                    node.getOwningPartitions(),
                    node.getMovingPartitions(),
                    node.getLeavingPartitions(),
                    node.getReceivedBlocks(),
                    String.format("%.1f", node.getReceivedBytes() / MEBI),
                    node.getPartitionsLeft(),
                    node.hasBlocksLeft() ? node.getBlocksLeft() : "-",
                    node.hasBytesLeft() ? String.format("%.1f", node.getBytesLeft() / MEBI) : "-",
                    node.hasMillisLeft() ? String.format("%.1f", node.getMillisLeft() / 1_000.0) : "-");
        }
        System.out.println(table);
        System.out.printf(
                "%n%s: %d partitions lack a copy, the fewest whole copies of one are %d%n",
                status.getMovingPartitions() == 0 ? "settled" : "moving",
                status.getMovingPartitions(),
                status.getFewestCopies());
    }

    private static String state(NodeRebalance node) {
        if (!node.getError().isEmpty()) {
            return "unknown: " + node.getError();
        }
        return node.getDraining() ? "draining" : "up";
    }

    private static ObjectNode json(RebalanceStatusResponse status) {
        ObjectNode json = JsonNodeFactory.instance
                .objectNode()
                .put("moving_partitions", status.getMovingPartitions())
                .put("fewest_copies", status.getFewestCopies());
        var nodes = json.putArray("nodes");
        for (NodeRebalance node : status.getNodesList()) {
            ObjectNode one = nodes.addObject()
                    .put("node", node.getNodeId())
                    .put("draining", node.getDraining())
                    .put("owning_partitions", node.getOwningPartitions())
                    .put("moving_partitions", node.getMovingPartitions())
                    .put("leaving_partitions", node.getLeavingPartitions())
                    .put("leaving_blocks", node.getLeavingBlocks())
                    .put("received_blocks", node.getReceivedBlocks())
                    .put("received_bytes", node.getReceivedBytes())
                    .put("partitions_left", node.getPartitionsLeft())
                    .put("error", node.getError());
            one.set("blocks_left", node.hasBlocksLeft() ? one.numberNode(node.getBlocksLeft()) : one.nullNode());
            one.set("bytes_left", node.hasBytesLeft() ? one.numberNode(node.getBytesLeft()) : one.nullNode());
            one.set("millis_left", node.hasMillisLeft() ? one.numberNode(node.getMillisLeft()) : one.nullNode());
        }
        return json;
    }
}
