package dev.kvern.cluster;

import dev.kvern.v1.Member;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.WatchTopologyResponse;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The cluster's members as several coordinators see them together.
 *
 * <ul>
 *   <li>A member is as those that are heard now name it. Where they differ, its younger process counts, then the one that hears it
 *       more: each notices within its lease what has ended.
 *   <li>A member that none of them names is gone if one of them can know that: it has been up for long enough for all members
 *       to have registered, or it has named the member since it is heard. Otherwise, and while nobody is heard, it stays as it was
 *       last: better members that may be gone than none.
 *   <li>The partition map is the newest; should there be two clusters, that of the larger one. A coordinator that has just
 *       started knows less than one that has not, and cannot say which cluster is larger.
 * </ul>
 *
 * Safe for use by several threads; guarded by this.
 */
public final class TopologyUnion {
    private static final Comparator<PartitionMap> BY_VERSION =
            Comparator.comparing(map -> MapVersion.of(map.getVersion()));

    private static final Comparator<Member> BY_WEIGHT =
            Comparator.comparingLong(Member::getStartedAtMillis).thenComparing(member -> heard(member.getState()));

    private final Consumer<WatchTopologyResponse> onChange;

    /** Those that are heard now. */
    private final Set<Source> sources = new LinkedHashSet<>();

    private Map<String, Member> members = Map.of();
    private @Nullable PartitionMap map;
    private long revision;

    /** @param onChange gets each whole snapshot, one at a time; one without a map leaves the map before as it was */
    public TopologyUnion(Consumer<WatchTopologyResponse> onChange) {
        this.onChange = onChange;
    }

    /** To be told what one more coordinator says. */
    public TopologyListener source() {
        return new Source();
    }

    private void changed() {
        Map<String, Member> next = members();
        Optional<PartitionMap> newMap = chosenMap().filter(chosen -> !isSame(chosen, map));
        if (next.equals(members) && newMap.isEmpty()) {
            return;
        }
        var snapshot =
                WatchTopologyResponse.newBuilder().setRevision(++revision).addAllMembers(next.values());
        newMap.ifPresent(snapshot::setPartitionMap);
        onChange.accept(snapshot.build());
        // What could not be taken is told again with what is heard next.
        members = next;
        newMap.ifPresent(changed -> map = changed);
    }

    private Map<String, Member> members() {
        var named = new HashMap<String, List<Member>>();
        for (Source source : sources) {
            source.said.forEach(member -> named.computeIfAbsent(member.getId(), id -> new ArrayList<>())
                    .add(member));
        }
        var next = new TreeMap<String, Member>();
        named.forEach((id, all) -> all.stream().max(BY_WEIGHT).ifPresent(member -> next.put(id, member)));
        members.forEach((id, before) -> {
            if (!named.containsKey(id) && sources.stream().noneMatch(source -> source.knowsOf(id))) {
                next.put(id, before);
            }
        });
        return next;
    }

    private Optional<PartitionMap> chosenMap() {
        Optional<PartitionMap> known = largest(maps(false));
        return known.isPresent() ? known : largest(maps(true).filter(this::continuesMine));
    }

    private Stream<PartitionMap> maps(boolean settling) {
        return sources.stream()
                .filter(source -> source.settling == settling)
                .flatMap(source -> Stream.ofNullable(source.saidMap));
    }

    /** The newest map of the cluster whose newest map names most nodes; of equally large ones that of the younger one. */
    private static Optional<PartitionMap> largest(Stream<PartitionMap> maps) {
        var newest = new HashMap<Long, PartitionMap>();
        maps.forEach(map -> newest.merge(
                map.getVersion().getClusterStartedAtMillis(), map, (a, b) -> BY_VERSION.compare(a, b) >= 0 ? a : b));
        return newest.values().stream()
                .max(Comparator.comparingInt(PartitionMap::getNodeIdsCount).thenComparing(BY_VERSION));
    }

    private boolean continuesMine(PartitionMap other) {
        PartitionMap mine = map;
        return mine == null
                || (mine.getVersion().getClusterStartedAtMillis()
                                == other.getVersion().getClusterStartedAtMillis()
                        && BY_VERSION.compare(other, mine) > 0);
    }

    private static boolean isSame(PartitionMap chosen, @Nullable PartitionMap before) {
        return before != null && chosen.getVersion().equals(before.getVersion());
    }

    private static int heard(MemberState state) {
        return switch (state) {
            case MEMBER_STATE_UP -> 2;
            case MEMBER_STATE_DRAINING -> 1;
            default -> 0;
        };
    }

    /** What one coordinator said last. Guarded by the union. */
    private final class Source implements TopologyListener {
        private List<Member> said = List.of();
        private @Nullable PartitionMap saidMap;
        private boolean settling;

        /** Ids of all that it has named in this stream, while it settles. */
        private final Set<String> named = new HashSet<>();

        @Override
        public void snapshot(WatchTopologyResponse snapshot) {
            synchronized (TopologyUnion.this) {
                sources.add(this);
                said = snapshot.getMembersList();
                settling = snapshot.getSettling();
                if (settling) {
                    said.forEach(member -> named.add(member.getId()));
                } else {
                    named.clear();
                }
                if (snapshot.hasPartitionMap()) {
                    saidMap = snapshot.getPartitionMap();
                }
                changed();
            }
        }

        @Override
        public void lost() {
            synchronized (TopologyUnion.this) {
                sources.remove(this);
                said = List.of();
                saidMap = null;
                named.clear();
                changed();
            }
        }

        /** Whether it would name a member if that were there. */
        boolean knowsOf(String id) {
            return !settling || named.contains(id);
        }
    }
}
