package dev.kvern.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockKey;
import dev.kvern.v1.PartitionMap;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class OwnerMapTest {
    private static final PartitionMap MAP = PartitionMap.newBuilder()
            .setVersion(new MapVersion(5, 6, 7).toMessage())
            .setPartitions(4)
            .addAllNodeIds(List.of("a", "b", "c"))
            .addAllOwners(List.of(1, 2, 2, 3, 3, 0, 0, 0))
            .build();

    private static final List<List<String>> OWNERS =
            List.of(List.of("a", "b"), List.of("b", "c"), List.of("c"), List.of());

    @Test
    void namesTheOwnersOfAKeysPartition() {
        OwnerMap map = OwnerMap.of(MAP);
        for (int i = 0; i < 100; i++) {
            BlockKey key = key(i);
            assertThat(map.owners(key)).isEqualTo(OWNERS.get(KeyPartition.of(key, 4)));
        }
        assertThat(map.version()).isEqualTo(new MapVersion(5, 6, 7));
        assertThat(map.message()).isEqualTo(MAP);
        assertThat(map.isKnown()).isTrue();
        assertThat(OwnerMap.NONE.owners(key(0))).isEmpty();
        assertThat(OwnerMap.NONE.isKnown()).isFalse();
    }

    @Test
    void whatContradictsItselfIsRefusedByName() {
        refused(MAP.toBuilder().setPartitions(0), "partitions: 0");
        refused(MAP.toBuilder().setPartitions(-1), "partitions: 4294967295");
        refused(MAP.toBuilder().setPartitions(3), "owners: 8");
        refused(MAP.toBuilder().setOwners(7, 4), "owners: place 4");
        refused(MAP.toBuilder().setOwners(0, -1), "owners: place 4294967295");
    }

    /** Lives of the cluster first, then topologies, then moves within one. */
    @Test
    void versionsAreOrdered() {
        var ascending = List.of(
                MapVersion.NONE,
                new MapVersion(0, 0, 1),
                new MapVersion(0, 1, 0),
                new MapVersion(1_000, 1, 0),
                new MapVersion(1_000, 9, 9),
                new MapVersion(1_000, 10, 0),
                // Both are unsigned.
                new MapVersion(1_000, 10, -1),
                new MapVersion(1_000, -1, 0),
                new MapVersion(2_000, 1, 0));
        var shuffled = new ArrayList<>(ascending);
        Collections.shuffle(shuffled, new Random(1));
        assertThat(shuffled.stream().sorted()).isEqualTo(ascending);
        for (MapVersion version : ascending) {
            assertThat(MapVersion.of(version.toMessage())).isEqualTo(version);
            assertThat(version.isAfter(version)).isFalse();
        }
        assertThat(ascending.get(8).isAfter(ascending.get(7))).isTrue();
        assertThat(ascending.get(7).isAfter(ascending.get(8))).isFalse();
    }

    @Test
    void mapsOfLargeClustersAreSmall() {
        var random = new Random(2);
        var map = PartitionMap.newBuilder()
                .setVersion(new MapVersion(1L << 41, 300, 9).toMessage())
                .setPartitions(1_024);
        for (int node = 0; node < 100; node++) {
            map.addNodeIds("kvern-node-%d.kvern".formatted(node));
        }
        for (int place = 0; place < 2 * 1_024; place++) {
            map.addOwners(1 + random.nextInt(100));
        }
        assertThat(map.build().getSerializedSize()).isLessThan(5_000);
    }

    private static void refused(PartitionMap.Builder map, String message) {
        assertThatThrownBy(() -> OwnerMap.of(map.build()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message)
                .hasMessageContaining("expected");
    }

    private static BlockKey key(int number) {
        return BlockKey.wrap(ByteBuffer.allocate(32).putInt(number * 7919).array());
    }
}
