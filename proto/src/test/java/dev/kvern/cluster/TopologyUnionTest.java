package dev.kvern.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.v1.Member;
import dev.kvern.v1.MemberState;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.WatchTopologyResponse;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

class TopologyUnionTest {
    private static final String UP = "UP";
    private static final String DRAINING = "DRAINING";
    private static final String DOWN = "DOWN";

    private final List<WatchTopologyResponse> heard = new ArrayList<>();
    private final TopologyUnion union = new TopologyUnion(heard::add);
    private final TopologyListener a = union.source();
    private final TopologyListener b = union.source();

    private static Member member(String idAndState) {
        String[] parts = idAndState.split(" ");
        return Member.newBuilder()
                .setId(parts[0])
                .setState(MemberState.valueOf("MEMBER_STATE_" + parts[1]))
                .setStartedAtMillis(parts.length < 3 ? 1 : Long.parseLong(parts[2]))
                .build();
    }

    private static WatchTopologyResponse.Builder snapshot(String... members) {
        var snapshot = WatchTopologyResponse.newBuilder();
        for (String member : members) {
            snapshot.addMembers(member(member));
        }
        return snapshot;
    }

    private static WatchTopologyResponse settled(String... members) {
        return snapshot(members).build();
    }

    private static WatchTopologyResponse settling(String... members) {
        return snapshot(members).setSettling(true).build();
    }

    private static WatchTopologyResponse of(long cluster, int version, int nodes, boolean settling) {
        var map = PartitionMap.newBuilder()
                .setVersion(new MapVersion(cluster, version, 0).toMessage())
                .setPartitions(1);
        for (int i = 0; i < nodes; i++) {
            map.addNodeIds("n" + i);
        }
        return WatchTopologyResponse.newBuilder()
                .setSettling(settling)
                .setPartitionMap(map)
                .build();
    }

    /** What was heard last, by id. */
    private Map<String, String> seen() {
        var states = new TreeMap<String, String>();
        if (!heard.isEmpty()) {
            heard.get(heard.size() - 1)
                    .getMembersList()
                    .forEach(m -> states.put(m.getId(), m.getState().name().substring("MEMBER_STATE_".length())));
        }
        return states;
    }

    private List<String> maps() {
        return heard.stream()
                .filter(WatchTopologyResponse::hasPartitionMap)
                .map(s -> s.getPartitionMap().getVersion().getClusterStartedAtMillis() + "."
                        + s.getPartitionMap().getVersion().getTopologyVersion())
                .toList();
    }

    @Test
    void oneCoordinatorIsBelieved() {
        a.snapshot(settled("n1 UP", "n2 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", UP));
        a.snapshot(settled("n1 DOWN"));
        assertThat(seen()).isEqualTo(Map.of("n1", DOWN));
        a.snapshot(settled());
        assertThat(seen()).isEmpty();
    }

    @Test
    void whileNobodyIsHeardAllStaysAsItWas() {
        a.snapshot(settled("n1 UP", "n2 DRAINING"));
        a.lost();
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", DRAINING));
        assertThat(heard).hasSize(1);
    }

    @Test
    void oneThatHasJustStartedMakesNobodyForgotten() {
        a.snapshot(settled("n1 UP", "n2 UP"));
        a.lost();
        a.snapshot(settling());
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", UP));
        a.snapshot(settling("n2 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", UP));
        a.snapshot(settling("n2 DOWN", "n3 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", DOWN, "n3", UP));
        a.snapshot(settled("n3 UP"));
        assertThat(seen()).isEqualTo(Map.of("n3", UP));
    }

    @Test
    void oneThatLeavesIsGoneEvenWhileItsCoordinatorSettles() {
        a.snapshot(settling("n1 UP", "n2 UP"));
        a.snapshot(settling("n1 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP));
        // What it had named before its restart says nothing.
        a.lost();
        a.snapshot(settling());
        assertThat(seen()).isEqualTo(Map.of("n1", UP));
    }

    @Test
    void aMemberIsDroppedWhenAllThatAreHeardSaySo() {
        a.snapshot(settled("n1 UP"));
        b.snapshot(settled("n1 UP"));
        a.snapshot(settled("n1 DOWN"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP));
        b.snapshot(settled("n1 DOWN"));
        assertThat(seen()).isEqualTo(Map.of("n1", DOWN));
        a.snapshot(settled());
        assertThat(seen()).isEqualTo(Map.of("n1", DOWN));
        b.snapshot(settled());
        assertThat(seen()).isEmpty();
    }

    @Test
    void oneThatIsHeardContradictsOneThatIsNot() {
        a.snapshot(settled("n1 UP", "n2 UP"));
        a.lost();
        b.snapshot(settling("n1 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP, "n2", UP));
        b.snapshot(settled("n1 UP"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP));
    }

    @Test
    void theYoungerProcessOfANameCounts() {
        a.snapshot(settled("n1 UP 5"));
        b.snapshot(settled("n1 DRAINING 9"));
        assertThat(seen()).isEqualTo(Map.of("n1", DRAINING));
        a.snapshot(settled("n1 UP 9"));
        assertThat(seen()).isEqualTo(Map.of("n1", UP));
    }

    @Test
    void theNewestMapCounts() {
        a.snapshot(of(1, 4, 3, false));
        b.snapshot(of(1, 5, 3, false));
        a.snapshot(of(1, 5, 3, false));
        a.snapshot(of(1, 6, 3, false));
        // No longer heard, and none of the others is newer.
        a.lost();
        b.snapshot(of(1, 7, 3, false));
        assertThat(maps()).containsExactly("1.4", "1.5", "1.6", "1.5", "1.7");
    }

    @Test
    void oneThatHasJustStartedCannotSayThatThereIsAnotherCluster() {
        a.snapshot(of(1, 4, 3, false));
        b.snapshot(of(2, 1, 1, true));
        assertThat(maps()).containsExactly("1.4");
        a.lost();
        assertThat(maps()).containsExactly("1.4");
        b.snapshot(of(1, 5, 2, true));
        assertThat(maps()).containsExactly("1.4", "1.5");
        b.snapshot(of(2, 2, 2, false));
        assertThat(maps()).containsExactly("1.4", "1.5", "2.2");
    }

    @Test
    void ofTwoClustersTheLargerOneCounts() {
        a.snapshot(of(1, 4, 3, false));
        b.snapshot(of(2, 9, 1, false));
        assertThat(maps()).containsExactly("1.4");
        b.snapshot(of(2, 10, 3, false));
        assertThat(maps()).containsExactly("1.4", "2.10");
    }

    /** Against a model that looks at one member at a time and keeps the whole story. */
    @Test
    void anyStoryOfThreeCoordinatorsEndsAsItsModelSays() {
        long seed = 20_261_129;
        var random = new Random(seed);
        List<TopologyListener> listeners = List.of(a, b, union.source());
        var said = new HashMap<Integer, Map<String, String>>();
        var namedInStream = new HashMap<Integer, Set<String>>();
        var settledInStream = new HashSet<Integer>();
        var model = new TreeMap<String, String>();
        for (int step = 0; step < 20_000; step++) {
            int who = random.nextInt(3);
            if (random.nextInt(5) == 0) {
                listeners.get(who).lost();
                said.remove(who);
                namedInStream.remove(who);
                settledInStream.remove(who);
            } else {
                var members = new TreeMap<String, String>();
                for (String id : List.of("n1", "n2", "n3")) {
                    int state = random.nextInt(6);
                    if (state < 4) {
                        members.put(id, List.of(UP, UP, DRAINING, DOWN).get(state));
                    }
                }
                said.put(who, members);
                namedInStream.computeIfAbsent(who, w -> new HashSet<>()).addAll(members.keySet());
                if (random.nextInt(3) == 0) {
                    settledInStream.add(who);
                }
                String[] listed = members.entrySet().stream()
                        .map(m -> m.getKey() + " " + m.getValue())
                        .toArray(String[]::new);
                listeners.get(who).snapshot(settledInStream.contains(who) ? settled(listed) : settling(listed));
            }
            for (String id : List.of("n1", "n2", "n3")) {
                List<String> states = said.values().stream()
                        .filter(members -> members.containsKey(id))
                        .map(members -> members.getOrDefault(id, ""))
                        .toList();
                boolean denied = said.keySet().stream()
                        .anyMatch(w -> settledInStream.contains(w)
                                || namedInStream.getOrDefault(w, Set.of()).contains(id));
                if (!states.isEmpty()) {
                    model.put(id, states.contains(UP) ? UP : states.contains(DRAINING) ? DRAINING : DOWN);
                } else if (denied) {
                    model.remove(id);
                }
            }
            assertThat(seen()).as("seed %d, step %d", seed, step).isEqualTo(model);
        }
    }
}
