package dev.kvern.coordinator.membership;

import dev.kvern.v1.Member;
import dev.kvern.v1.PartitionMap;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All members at one moment, and the partition map of the cluster that nodes are in. Immutable.
 *
 * @param revision grows whenever a member comes, goes or changes its state, and with a new map; heartbeats alone do not count
 * @param partitionMap passed on as it came; the default instance before the first one
 */
public record MemberList(long revision, Map<String, MemberStatus> byId, PartitionMap partitionMap) {
    static final MemberList EMPTY = new MemberList(0, Map.of(), PartitionMap.getDefaultInstance());

    public MemberList {
        byId = Map.copyOf(byId);
    }

    public Optional<MemberStatus> find(String id) {
        return Optional.ofNullable(byId.get(id));
    }

    public Collection<MemberStatus> all() {
        return byId.values();
    }

    /** By role and id: the order in which people read them. */
    public List<MemberStatus> sorted() {
        return byId.values().stream()
                .sorted(Comparator.comparing((MemberStatus m) -> m.member().getRole())
                        .thenComparing(MemberStatus::id))
                .toList();
    }

    /** Runners that take new work. */
    public List<MemberStatus> runners() {
        return byId.values().stream()
                .filter(m -> m.isRunner() && m.isUp())
                .sorted(Comparator.comparing(MemberStatus::id))
                .toList();
    }

    public List<Member> members() {
        return sorted().stream().map(MemberStatus::member).toList();
    }
}
