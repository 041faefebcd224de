package dev.kvern.node.ignite;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.UnaryOperator;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.lang.IgniteClosure;
import org.apache.ignite.resources.IgniteInstanceResource;

/**
 * Questions from node to node, bytes for bytes, over Ignite's compute. What is asked often must be answered quickly: a node has
 * few threads for it. Safe for use by several threads.
 */
public final class NodeCalls {
    private static final String PREFIX = "kvern.calls.";

    private final Ignite ignite;
    private final long timeoutMillis;

    /** @param timeoutMillis longest wait for one answer */
    public NodeCalls(Ignite ignite, long timeoutMillis) {
        this.ignite = ignite;
        this.timeoutMillis = timeoutMillis;
    }

    /** Answers the questions of a name at this node. */
    public void serve(String name, UnaryOperator<byte[]> answer) {
        ConcurrentMap<String, UnaryOperator<byte[]>> local = ignite.cluster().nodeLocalMap();
        local.put(PREFIX + name, answer);
    }

    /** All server nodes. */
    public List<ClusterNode> nodes() {
        return List.copyOf(ignite.cluster().forServers().nodes());
    }

    /** A node's name among Kvern's: its configuration's id. */
    public static String id(ClusterNode node) {
        return String.valueOf(node.consistentId());
    }

    /**
     * Asks a node.
     *
     * @return its answer, empty if it does not serve that yet; ends with a {@link KvernException} UNAVAILABLE if it is gone or says
     *     nothing in time
     */
    public CompletableFuture<byte[]> ask(ClusterNode node, String name, byte[] question) {
        var answer = new CompletableFuture<byte[]>();
        try {
            ignite.compute(ignite.cluster().forNode(node))
                    .withNoFailover()
                    .applyAsync(new Question(name), question)
                    .listen(done -> {
                        try {
                            answer.complete(done.get());
                        } catch (RuntimeException e) {
                            answer.completeExceptionally(unavailable(node, name, String.valueOf(e.getMessage()), e));
                        }
                    });
        } catch (RuntimeException e) {
            answer.completeExceptionally(unavailable(node, name, String.valueOf(e.getMessage()), e));
        }
        return answer.orTimeout(timeoutMillis, TimeUnit.MILLISECONDS)
                .exceptionallyCompose(failure -> CompletableFuture.failedFuture(
                        failure instanceof TimeoutException
                                ? unavailable(node, name, "no answer within " + timeoutMillis + " ms", failure)
                                : failure));
    }

    /** Asks all server nodes at once; those that are gone or say nothing are left out. */
    public Map<ClusterNode, byte[]> askAll(String name, byte[] question) {
        var asked = new LinkedHashMap<ClusterNode, CompletableFuture<byte[]>>();
        nodes().forEach(node -> asked.put(node, ask(node, name, question)));
        var answers = new LinkedHashMap<ClusterNode, byte[]>();
        asked.forEach((node, answer) -> {
            try {
                byte[] bytes = answer.join();
                if (bytes.length > 0) {
                    answers.put(node, bytes);
                }
            } catch (CompletionException e) {
                // Left out.
            }
        });
        return answers;
    }

    private static KvernException unavailable(ClusterNode node, String name, String why, Throwable cause) {
        return new KvernException(
                ErrorReason.UNAVAILABLE,
                name + " at node " + id(node) + ": " + why + " (expected: a node that answers; try again)",
                cause);
    }

    /** What travels: the name, and Ignite fills in the node where it has arrived. */
    private static final class Question implements IgniteClosure<byte[], byte[]> {
        private static final long serialVersionUID = 1L;

        private final String name;

        @IgniteInstanceResource
        private transient Ignite here;

        @SuppressWarnings("NullAway.Init")
        Question(String name) {
            this.name = name;
        }

        @Override
        public byte[] apply(byte[] question) {
            ConcurrentMap<String, UnaryOperator<byte[]>> local = here.cluster().nodeLocalMap();
            UnaryOperator<byte[]> answer = local.get(PREFIX + name);
            return answer == null ? new byte[0] : answer.apply(question);
        }
    }
}
