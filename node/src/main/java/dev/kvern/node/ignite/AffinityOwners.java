package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.KeyPartition;
import dev.kvern.cluster.MapVersion;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.node.store.BlockOwners;
import dev.kvern.v1.PartitionMap;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.ignite.Ignite;
import org.apache.ignite.cluster.ClusterNode;
import org.apache.ignite.internal.IgniteEx;
import org.apache.ignite.internal.processors.affinity.AffinityTopologyVersion;
import org.apache.ignite.internal.processors.cache.GridCacheAffinityManager;
import org.apache.ignite.internal.processors.cache.GridCacheContext;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtLocalPartition;
import org.apache.ignite.internal.processors.cache.distributed.dht.topology.GridDhtPartitionState;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Ignite's assignment of the cache's partitions as a map for clients; made anew when Ignite's version of it is another. Not
 * through {@code Ignite.affinity}: that names owners but not their version, and tells nobody when a node that joined takes its
 * partitions over once it has their blocks. Safe for use by several threads.
 */
final class AffinityOwners implements BlockOwners {
    private static final Logger log = LoggerFactory.getLogger(AffinityOwners.class);

    private final GridCacheContext<?, ?> context;
    private final GridCacheAffinityManager affinity;
    private final String localId;
    private final long clusterStartedAtMillis;
    private volatile Known known = new Known(AffinityTopologyVersion.NONE, OwnerMap.NONE, List.of());

    /** @param nodes by partition, the primary owner first: those that the map names */
    private record Known(AffinityTopologyVersion version, OwnerMap map, List<List<ClusterNode>> nodes) {}

    /** @param cache of {@code ignite}'s, that exists */
    AffinityOwners(Ignite ignite, String cache) {
        this.context = ((IgniteEx) ignite).cachex(cache).context();
        this.affinity = context.affinity();
        this.localId = NodeMessages.id(ignite.cluster().localNode());
        // Nodes that join take it over from those that are there: it is the cluster's, and no node's.
        this.clusterStartedAtMillis = ignite.configuration().getDiscoverySpi().getGridStartTime();
    }

    @Override
    public OwnerMap map() {
        return newest().map;
    }

    /** The nodes that hold a block, if it is stored at all, the primary owner first; empty if nobody is known to. */
    List<ClusterNode> nodes(BlockKey key) {
        List<List<ClusterNode>> nodes = newest().nodes;
        return nodes.isEmpty() ? List.of() : nodes.get(KeyPartition.of(key, nodes.size()));
    }

    private Known newest() {
        AffinityTopologyVersion now = affinity.affinityTopologyVersion();
        Known last = known;
        if (last.version.equals(now)) {
            return last;
        }
        try {
            // Two threads may both make it: the same one.
            List<List<ClusterNode>> nodes = affinity.assignments(now);
            var next = new Known(now, OwnerMap.of(message(now, nodes)), nodes);
            known = next;
            return next;
        } catch (RuntimeException e) {
            // It moved on while we looked, or the node is stopping.
            log.debug("no partition map of {}: {}", now, e.toString());
            return last;
        }
    }

    @Override
    public boolean isForeign(BlockKey key) {
        List<String> owners = map().owners(key);
        return !owners.isEmpty() && !owners.get(0).equals(localId);
    }

    @Override
    public boolean isHeldHere(BlockKey key) {
        return map().owners(key).contains(localId);
    }

    /** Whether this node has all blocks of a block's partition: one that joins owns it before they have come. */
    boolean isWholeHere(BlockKey key) {
        GridDhtLocalPartition partition =
                context.topology().localPartition(KeyPartition.of(key, affinity.partitions()));
        return partition != null && partition.state() == GridDhtPartitionState.OWNING;
    }

    private PartitionMap message(AffinityTopologyVersion version, List<List<ClusterNode>> assignment) {
        int copies = assignment.stream().mapToInt(Collection::size).max().orElse(0);
        Map<String, Integer> places = new LinkedHashMap<>();
        var message = PartitionMap.newBuilder()
                .setVersion(new MapVersion(
                                clusterStartedAtMillis, version.topologyVersion(), version.minorTopologyVersion())
                        .toMessage())
                .setPartitions(assignment.size());
        for (List<ClusterNode> owners : assignment) {
            owners.forEach(owner ->
                    message.addOwners(places.computeIfAbsent(NodeMessages.id(owner), id -> places.size() + 1)));
            for (int i = owners.size(); i < copies; i++) {
                message.addOwners(0);
            }
        }
        return message.addAllNodeIds(places.keySet()).build();
    }
}
