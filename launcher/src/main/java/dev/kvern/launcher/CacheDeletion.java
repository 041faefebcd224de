package dev.kvern.launcher;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.DeleteBlocksResponse;
import dev.kvern.v1.NodeDeletion;
import java.util.stream.Collectors;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What commands that remove blocks have in common. Confined to a thread. */
final class CacheDeletion {
    @Mixin
    private CacheTarget target = new CacheTarget();

    @Option(
            names = "--timeout",
            paramLabel = "SECONDS",
            defaultValue = "600",
            description = "Longest wait; what is gone by then stays gone (default: ${DEFAULT-VALUE}).")
    private long timeoutSeconds;

    @Option(names = "--json", description = "Print one JSON object instead of text.")
    private boolean json;

    CacheTarget target() {
        return target;
    }

    int run(DeleteBlocksRequest request) {
        if (timeoutSeconds < 1) {
            throw new UsageException("--timeout: " + timeoutSeconds + " (expected: at least 1)");
        }
        DeleteBlocksResponse deleted = target.ask(timeoutSeconds, stub -> stub.deleteBlocks(request));
        if (json) {
            CacheCommand.printJson(json(deleted));
        } else {
            System.out.printf("%,d blocks deleted", deleted.getDeleted());
            System.out.println(
                    deleted.getDeleted() == 0
                            ? ""
                            : deleted.getNodesList().stream()
                                    .map(node -> node.getNodeId() + " " + node.getDeleted())
                                    .collect(Collectors.joining(", ", ": ", "")));
        }
        return 0;
    }

    private static ObjectNode json(DeleteBlocksResponse deleted) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("deleted", deleted.getDeleted());
        ObjectNode nodes = json.putObject("nodes");
        for (NodeDeletion node : deleted.getNodesList()) {
            nodes.put(node.getNodeId(), node.getDeleted());
        }
        return json;
    }
}
