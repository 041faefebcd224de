package dev.kvern.node.admin;

import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.BlockKeys;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.DeleteBlocksResponse;
import dev.kvern.v1.NodeDeletion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.BooleanSupplier;
import org.apache.ignite.cluster.ClusterNode;

/**
 * Removes blocks in the whole cluster. Every node goes through what it holds, some at a time: first each removes what it owns,
 * with all copies; then, as partitions may have moved meanwhile, whatever is left anywhere, until a round finds nothing. Safe
 * for use by several threads.
 */
final class BlockDeletion {
    /** Rounds after which what is found was stored meanwhile. */
    private static final int MAX_ROUNDS = 5;

    private static final Comparator<ClusterNode> BY_ID = Comparator.comparing(NodeMessages::id);

    private final NodeMessages messages;

    BlockDeletion(NodeMessages messages) {
        this.messages = messages;
    }

    /**
     * Removes what a request chooses.
     *
     * @param givenUp whether the caller waits no more
     * @throws KvernException DEADLINE_EXCEEDED if the caller waits no more; PEER_SILENT or UNAVAILABLE, by its name, if a node does not answer. What is gone by
     *     then stays gone.
     */
    DeleteBlocksResponse delete(DeleteBlocksRequest request, BooleanSupplier givenUp) {
        List<DeleteBlocksRequest> parts = parts(request);
        Map<String, Long> removed = new TreeMap<>();
        for (int round = 0; round < MAX_ROUNDS; round++) {
            long seen = 0;
            for (DeleteBlocksRequest part : parts) {
                seen += sweep(part, round == 0, removed, givenUp);
            }
            if (seen == 0) {
                break;
            }
        }
        var response = DeleteBlocksResponse.newBuilder()
                .setDeleted(removed.values().stream().mapToLong(Long::longValue).sum());
        removed.forEach((node, blocks) ->
                response.addNodes(NodeDeletion.newBuilder().setNodeId(node).setDeleted(blocks)));
        return response.build();
    }

    /** Many keys are sent in several parts, as each is sent to every node. */
    private static List<DeleteBlocksRequest> parts(DeleteBlocksRequest request) {
        if (!request.hasKeys()) {
            return List.of(request);
        }
        var parts = new ArrayList<DeleteBlocksRequest>();
        int keys = request.getKeys().getKeysCount();
        for (int from = 0; from < keys; from += LocalDeletion.PAGE) {
            parts.add(DeleteBlocksRequest.newBuilder()
                    .setKeys(BlockKeys.newBuilder()
                            .addAllKeys(request.getKeys()
                                    .getKeysList()
                                    .subList(from, Math.min(keys, from + LocalDeletion.PAGE))))
                    .build());
        }
        return parts;
    }

    /** Once through all that the nodes hold; returns how much was found. */
    private long sweep(
            DeleteBlocksRequest request, boolean ownedOnly, Map<String, Long> removed, BooleanSupplier givenUp) {
        Map<ClusterNode, Integer> from = new TreeMap<>(BY_ID);
        messages.nodes().forEach(node -> from.put(node, 0));
        long seen = 0;
        while (!from.isEmpty()) {
            if (givenUp.getAsBoolean()) {
                throw new KvernException(
                        ErrorReason.DEADLINE_EXCEEDED,
                        "deadline: passed after "
                                + removed.values().stream()
                                        .mapToLong(Long::longValue)
                                        .sum()
                                + " blocks were deleted (expected: a longer one, or the same call again)");
            }
            for (Map.Entry<ClusterNode, LocalDeletion.Answer> each :
                    ask(request, ownedOnly, from).entrySet()) {
                LocalDeletion.Answer answer = each.getValue();
                seen += answer.seen();
                removed.merge(NodeMessages.id(each.getKey()), (long) answer.removed(), Long::sum);
                if (answer.next() < 0) {
                    from.remove(each.getKey());
                } else {
                    from.put(each.getKey(), answer.next());
                }
            }
        }
        return seen;
    }

    private Map<ClusterNode, LocalDeletion.Answer> ask(
            DeleteBlocksRequest request, boolean ownedOnly, Map<ClusterNode, Integer> from) {
        Map<ClusterNode, CompletableFuture<Optional<byte[]>>> asked = new TreeMap<>(BY_ID);
        from.forEach((node, next) -> asked.put(
                node,
                messages.ask(node, LocalDeletion.NAME, new LocalDeletion.Question(request, next, ownedOnly).encode())));
        Map<ClusterNode, LocalDeletion.Answer> answers = new TreeMap<>(BY_ID);
        asked.forEach((node, answer) -> answers.put(node, done(node, answer)));
        return answers;
    }

    private LocalDeletion.Answer done(ClusterNode node, CompletableFuture<Optional<byte[]>> answer) {
        try {
            // Nothing: it has just started, and holds what others send it, which they remove.
            return answer.join().map(LocalDeletion.Answer::decode).orElse(new LocalDeletion.Answer(0, 0, -1));
        } catch (CompletionException e) {
            if (!messages.nodes().contains(node)) {
                // It has left: what it held is gone, or others hold it, and are asked in the next round.
                return new LocalDeletion.Answer(1, 0, -1);
            }
            throw e.getCause() instanceof KvernException failure ? failure : e;
        }
    }
}
