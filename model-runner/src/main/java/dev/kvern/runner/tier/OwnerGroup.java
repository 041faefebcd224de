package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.OwnerMap;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Keys of a call that one node is asked for.
 *
 * @param places of those keys in the call, ascending; at least one
 */
record OwnerGroup(TierNode node, List<Integer> places) {
    /**
     * Splits a call's keys by the node to ask: each key's primary owner if that may be asked, else a backup of it, else any node,
     * one for all such keys. Empty if nobody may be asked.
     *
     * @param places of the keys that are meant, ascending
     * @param tried nodes not to ask
     */
    static List<OwnerGroup> split(
            TierAccess tier, List<BlockKey> keys, List<Integer> places, Collection<TierNode> tried) {
        OwnerMap map = tier.owners().map();
        // A node is let in or kept out once for all of its keys: the first one would be a sick node's only probe.
        Map<String, Optional<TierNode>> usable = new HashMap<>();
        var chosen = new ArrayList<Optional<TierNode>>();
        for (int place : places) {
            chosen.add(map.owners(keys.get(place)).stream()
                    .map(owner -> usable.computeIfAbsent(owner, id -> mayBeAsked(tier, id, tried)))
                    .flatMap(Optional::stream)
                    .findFirst());
        }
        if (chosen.stream().anyMatch(Optional::isEmpty)) {
            Optional<TierNode> any = tier.nodes()
                    .next(tried)
                    .or(() -> chosen.stream().flatMap(Optional::stream).findFirst());
            chosen.replaceAll(owner -> owner.isPresent() ? owner : any);
        }
        Map<TierNode, List<Integer>> groups = new LinkedHashMap<>();
        for (int i = 0; i < chosen.size(); i++) {
            int place = places.get(i);
            chosen.get(i)
                    .ifPresent(node -> groups.computeIfAbsent(node, any -> new ArrayList<>())
                            .add(place));
        }
        return groups.entrySet().stream()
                .map(group -> new OwnerGroup(group.getKey(), List.copyOf(group.getValue())))
                .toList();
    }

    private static Optional<TierNode> mayBeAsked(TierAccess tier, String memberId, Collection<TierNode> tried) {
        return tier.nodes().find(memberId).filter(node -> !tried.contains(node) && node.allow());
    }

    /** The keys that are meant. */
    List<BlockKey> of(List<BlockKey> keys) {
        return places.stream().map(keys::get).toList();
    }
}
