package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.apache.ignite.cluster.ClusterNode;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Where copies lie, beside rendezvous hashing that knows of no zones. */
class ZonedAffinityTest {
    private static final int PARTITIONS = 256;

    private final RendezvousAffinityFunction plain = new RendezvousAffinityFunction(false, PARTITIONS);
    private final ZonedAffinity zoned = new ZonedAffinity(PARTITIONS);

    private static ClusterNode node(String id, String zone) {
        UUID uuid = UUID.nameUUIDFromBytes(id.getBytes(StandardCharsets.UTF_8));
        return (ClusterNode) Proxy.newProxyInstance(
                ClusterNode.class.getClassLoader(),
                new Class<?>[] {ClusterNode.class},
                (proxy, method, arguments) -> switch (method.getName()) {
                    case "id" -> uuid;
                    case "consistentId", "toString" -> id;
                    case "attribute" -> zone;
                    case "hashCode" -> uuid.hashCode();
                    case "equals" -> proxy == arguments[0];
                    default -> throw new UnsupportedOperationException(method.getName());
                });
    }

    private static String zone(ClusterNode node) {
        return node.attribute(ZonedAffinity.ATTRIBUTE);
    }

    private static Set<String> zones(List<ClusterNode> nodes) {
        return nodes.stream().map(ZonedAffinityTest::zone).collect(Collectors.toSet());
    }

    private List<ClusterNode> owners(int partition, List<ClusterNode> nodes, int backups) {
        return zoned.assignPartition(partition, nodes, backups, null);
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void everyPartitionHasItsCopiesInAsManyZonesAsThereAre(long seed) {
        var random = new Random(seed);
        for (int round = 0; round < 40; round++) {
            int backups = random.nextInt(4);
            int zones = 1 + random.nextInt(4);
            List<ClusterNode> nodes = new ArrayList<>();
            int size = 1 + random.nextInt(10);
            for (int i = 0; i < size; i++) {
                nodes.add(node("node-" + seed + "-" + i, "zone-" + random.nextInt(zones)));
            }
            for (int partition = 0; partition < PARTITIONS; partition++) {
                List<ClusterNode> owners = owners(partition, nodes, backups);
                int copies = Math.min(backups + 1, size);
                assertThat(owners).doesNotHaveDuplicates().hasSize(copies);
                assertThat(zones(owners)).hasSize(Math.min(copies, zones(nodes).size()));
                assertThat(owners.get(0))
                        .isSameAs(plain.assignPartition(partition, nodes, backups, null)
                                .get(0));
                // Whatever the order in which a node knows the others.
                List<ClusterNode> shuffled = new ArrayList<>(nodes);
                Collections.shuffle(shuffled, random);
                assertThat(owners(partition, shuffled, backups)).isEqualTo(owners);
            }
        }
    }

    @Test
    void withoutZonesItIsPlainRendezvousHashing() {
        List<ClusterNode> nodes = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            nodes.add(node("node-" + i, ""));
            for (int partition = 0; partition < PARTITIONS; partition++) {
                assertThat(owners(partition, nodes, 2)).isEqualTo(plain.assignPartition(partition, nodes, 2, null));
            }
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14, 15, 16})
    void aNodeThatJoinsTakesThePlaceOfOneCopyAtMost(long seed) {
        var random = new Random(seed);
        int backups = 1 + random.nextInt(2);
        List<ClusterNode> nodes = new ArrayList<>();
        int moved = 0;
        int movedWithoutZones = 0;
        for (int i = 0; i < 12; i++) {
            List<ClusterNode> before = List.copyOf(nodes);
            // Zones grow evenly, as people add nodes.
            ClusterNode joined = node("node-" + seed + "-" + i, "zone-" + i % 3);
            nodes.add(joined);
            if (before.size() <= backups) {
                continue;
            }
            for (int partition = 0; partition < PARTITIONS; partition++) {
                var gone = new HashSet<>(owners(partition, before, backups));
                List<ClusterNode> owners = owners(partition, nodes, backups);
                assertThat(owners).allMatch(owner -> owner == joined || before.contains(owner));
                owners.forEach(gone::remove);
                assertThat(gone).hasSize(owners.contains(joined) ? 1 : 0);
                moved += gone.size();
                movedWithoutZones +=
                        plain.assignPartition(partition, nodes, backups, null).contains(joined) ? 1 : 0;
            }
        }
        assertThat(moved).isLessThan(movedWithoutZones * 5 / 4);
    }

    @Test
    void zonesOfOneSizeShareEvenly() {
        List<ClusterNode> nodes = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            nodes.add(node("cache-" + i, "zone-" + i % 3));
        }
        Map<ClusterNode, Integer> copies = new HashMap<>();
        var many = new ZonedAffinity(4_096);
        for (int partition = 0; partition < 4_096; partition++) {
            many.assignPartition(partition, nodes, 1, null).forEach(owner -> copies.merge(owner, 1, Integer::sum));
        }
        int mean = 4_096 * 2 / 9;
        assertThat(copies.values()).hasSize(9).allMatch(each -> each > mean * 8 / 10 && each < mean * 12 / 10);
    }
}
