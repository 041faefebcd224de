package dev.kvern.node.ignite;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.cluster.ClusterNode;
import org.jspecify.annotations.Nullable;

/**
 * Rendezvous hashing that keeps the copies of a partition in different zones, as far as there are as many. Ignite's own filter for
 * that makes no copy where no zone is left; here the rest of the copies lie anywhere, so that there are never fewer than without
 * zones.
 *
 * <p>Of the nodes in the order of a partition's hashes, the first is the primary owner, as it is without zones. Then come the first
 * node of each other zone, in the same order, then all others. A node that joins so takes the place of at most one copy of each
 * partition, as with plain rendezvous hashing: it is the first of its zone, and who was is last of the owners or none any more, or
 * it is one of the others.
 *
 * <p>The same on all nodes, as the zone is an attribute that a node joins with. Nodes without one count as one zone. Immutable.
 */
final class ZonedAffinity extends RendezvousAffinityFunction {
    /** Name of the node attribute. */
    static final String ATTRIBUTE = "kvern.zone";

    private static final long serialVersionUID = 1;

    /** @param partitions a power of two */
    ZonedAffinity(int partitions) {
        super(false, partitions);
    }

    private static String zone(ClusterNode node) {
        String zone = node.attribute(ATTRIBUTE);
        return zone == null ? "" : zone;
    }

    @Override
    public List<ClusterNode> assignPartition(
            int partition,
            List<ClusterNode> nodes,
            int backups,
            @Nullable Map<UUID, Collection<ClusterNode>> neighbours) {
        if (backups <= 0 || backups >= nodes.size() - 1 || isOneZone(nodes)) {
            return super.assignPartition(partition, nodes, backups, neighbours);
        }
        List<ClusterNode> ordered = super.assignPartition(partition, nodes, nodes.size() - 1, neighbours);
        Set<ClusterNode> owners = new LinkedHashSet<>();
        var used = new HashSet<String>();
        for (ClusterNode node : ordered) {
            if (owners.size() <= backups && used.add(zone(node))) {
                owners.add(node);
            }
        }
        for (ClusterNode node : ordered) {
            if (owners.size() <= backups) {
                owners.add(node);
            }
        }
        return new ArrayList<>(owners);
    }

    private static boolean isOneZone(List<ClusterNode> nodes) {
        String first = zone(nodes.get(0));
        return nodes.stream().allMatch(node -> zone(node).equals(first));
    }
}
