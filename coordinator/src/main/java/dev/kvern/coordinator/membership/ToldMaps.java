package dev.kvern.coordinator.membership;

import dev.kvern.cluster.MapVersion;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.PartitionMap;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The partition maps that nodes have told, and which of them holds: the newest one of the cluster that most nodes are in. A node
 * that did not find the others begins a cluster of its own, with a younger map that names nobody but itself: if that held, all
 * blocks would be looked for where none is. Guarded by its owner.
 */
final class ToldMaps {
    private static final Comparator<PartitionMap> BY_VERSION =
            Comparator.comparing(map -> MapVersion.of(map.getVersion()));

    private final Map<String, PartitionMap> byNode = new HashMap<>();

    /** The last that a node has told. */
    void told(String nodeId, PartitionMap map) {
        byNode.put(nodeId, map);
    }

    /** A node began anew. */
    void forget(String nodeId) {
        byNode.remove(nodeId);
    }

    /**
     * The map that holds among members; of equally large clusters that of the younger one.
     *
     * @param before what held until now: it still does if it is newer, whoever has told it has left since, or if none of the
     *     members that are heard has told any
     */
    PartitionMap elect(Map<String, MemberStatus> members, PartitionMap before) {
        byNode.keySet().retainAll(members.keySet());
        Map<Long, List<PartitionMap>> clusters = byNode.entrySet().stream()
                .filter(told -> isHeard(members.get(told.getKey())))
                .map(Map.Entry::getValue)
                .collect(Collectors.groupingBy(map -> map.getVersion().getClusterStartedAtMillis()));
        PartitionMap told = clusters.entrySet().stream()
                .max(Comparator.comparing((Map.Entry<Long, List<PartitionMap>> cluster) ->
                                cluster.getValue().size())
                        .thenComparing(Map.Entry::getKey))
                .flatMap(cluster -> cluster.getValue().stream().max(BY_VERSION))
                .orElse(before);
        boolean sameCluster = told.getVersion().getClusterStartedAtMillis()
                == before.getVersion().getClusterStartedAtMillis();
        return sameCluster && BY_VERSION.compare(before, told) > 0 ? before : told;
    }

    private static boolean isHeard(@Nullable MemberStatus member) {
        return member != null && member.member().getState() != MemberState.MEMBER_STATE_DOWN;
    }
}
