package dev.kvern.node.ignite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.stream.Collectors;
import org.apache.ignite.Ignite;
import org.apache.ignite.IgniteCheckedException;
import org.apache.ignite.cluster.BaselineNode;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.IgniteEx;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides which nodes hold partitions: all that are there, but those that are being drained. Ignite has a list of such nodes, its
 * baseline. As a rule it keeps it itself ("auto-adjust"); while a node is being drained the oldest one does, so that there is one
 * to decide, and hands it back when nobody drains any more. A node that is left out stays a member, answers for any key and
 * passes its partitions on while the others take them over: nothing is lost, even without backups. Should a node that drains
 * end at any moment, the oldest one finds nobody draining.
 *
 * <p>Taking a live node out of the baseline is refused by Ignite's public method, for the sake of persistent data; the call below
 * it does it. Safe for use by several threads.
 */
public final class PartitionHolders {
    private static final Logger log = LoggerFactory.getLogger(PartitionHolders.class);
    private static final String DRAINING = "draining";

    /** Answers to that question. */
    private static final byte STAYS = 0;

    private static final byte DRAINS = 1;
    private static final byte STOPS = 2;

    private final Ignite ignite;
    private final NodeMessages messages;
    private volatile boolean draining;
    private volatile boolean stopping;

    public PartitionHolders(Ignite ignite, NodeMessages messages) {
        this.ignite = ignite;
        this.messages = messages;
        messages.serve(DRAINING, question -> new byte[] {state()});
    }

    private byte state() {
        return stopping ? STOPS : draining ? DRAINS : STAYS;
    }

    /** Whether this node is being drained. */
    public boolean draining() {
        return draining;
    }

    /** Lets the others know that this node's process ends, whatever it has handed over by then. */
    public void stop() {
        stopping = true;
    }

    /** Begins to pass this node's partitions on. To be called again while it lasts: another node may just have ended to drain. */
    public void leave() {
        draining = true;
        if (ignite.cluster().isBaselineAutoAdjustEnabled()) {
            ignite.cluster().baselineAutoAdjustEnabled(false);
        }
    }

    /** Lets this node hold partitions as before. */
    public void stay() {
        draining = false;
    }

    /** The nodes besides this one that are not being drained; those that do not answer are left out. */
    public List<ClusterNode> others() {
        return messages.askAll(DRAINING, new byte[0]).answers().entrySet().stream()
                .filter(answer -> answer.getValue()[0] == STAYS)
                .map(Map.Entry::getKey)
                .filter(node -> !node.isLocal())
                .toList();
    }

    /**
     * Whether nobody takes this node's partitions as it is: there is no other node, or all others have said that they are being drained
     * or stop. One that does not answer may still take them.
     */
    public boolean isAlone() {
        return allOthersSay(DRAINS);
    }

    /**
     * Whether nobody will ever take this node's partitions: there is no other node, or all others have said that their processes end.
     * One that is only being drained stays once it hears that nobody is left for what it has.
     */
    public boolean isLast() {
        return allOthersSay(STOPS);
    }

    private boolean allOthersSay(byte atLeast) {
        Set<ClusterNode> leaving = messages.askAll(DRAINING, new byte[0]).answers().entrySet().stream()
                .filter(answer -> answer.getValue()[0] >= atLeast)
                .map(Map.Entry::getKey)
                .collect(Collectors.toSet());
        return messages.nodes().stream().allMatch(node -> node.isLocal() || leaving.contains(node));
    }

    /** Whether Ignite counts this node among those that hold partitions. */
    public boolean holding() {
        Collection<BaselineNode> baseline = ignite.cluster().currentBaselineTopology();
        return baseline == null
                || ids(baseline).contains(ignite.cluster().localNode().consistentId());
    }

    /** At the oldest node: makes the list what it should be. To be called at short intervals; may block, for seconds. */
    public void look() {
        try {
            ClusterNode oldest = ignite.cluster().forServers().forOldest().node();
            if (oldest != null && oldest.isLocal() && !ignite.cluster().isBaselineAutoAdjustEnabled()) {
                settle();
            }
        } catch (RuntimeException | IgniteCheckedException e) {
            log.warn("which nodes hold partitions could not be settled, trying again: {}", e.toString());
        }
    }

    private void settle() throws IgniteCheckedException {
        List<ClusterNode> all = messages.nodes();
        var holders = new ArrayList<ClusterNode>();
        for (ClusterNode node : all) {
            if (!drains(node)) {
                holders.add(node);
            }
        }
        if (holders.isEmpty()) {
            return;
        }
        Collection<BaselineNode> baseline = ignite.cluster().currentBaselineTopology();
        if (baseline == null || !ids(baseline).equals(ids(holders))) {
            log.info("partitions are held by {} from now on", ids(holders));
            ((IgniteEx) ignite)
                    .context()
                    .state()
                    .changeGlobalState(ignite.cluster().state(), true, holders, true)
                    .get();
        }
        if (holders.size() == all.size()) {
            ignite.cluster().baselineAutoAdjustEnabled(true);
        }
    }

    /** Whether a node drains; if it cannot be asked, nothing is settled until it can, or is gone. */
    private boolean drains(ClusterNode node) {
        CompletableFuture<Optional<byte[]>> answer = messages.ask(node, DRAINING, new byte[0]);
        try {
            return answer.join().filter(state -> state[0] != STAYS).isPresent();
        } catch (CompletionException e) {
            throw new IllegalStateException("node " + NodeMessages.id(node) + " does not answer", e.getCause());
        }
    }

    private static Set<Object> ids(Collection<? extends BaselineNode> nodes) {
        return nodes.stream().map(BaselineNode::consistentId).collect(Collectors.toSet());
    }
}
