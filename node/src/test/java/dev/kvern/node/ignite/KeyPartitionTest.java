package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.KeyPartition;
import java.util.Random;
import org.apache.ignite.cache.affinity.rendezvous.RendezvousAffinityFunction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class KeyPartitionTest {
    @ParameterizedTest
    @ValueSource(ints = {1, 2, 256, 1000, 1024})
    void isThePartitionThatIgniteComputes(int partitions) {
        var affinity = new RendezvousAffinityFunction(false, partitions);
        var random = new Random(4);
        for (int i = 0; i < 5000; i++) {
            byte[] bytes = new byte[32];
            random.nextBytes(bytes);
            var key = BlockKey.wrap(bytes);
            assertThat(KeyPartition.of(key, partitions)).as("%s", key).isEqualTo(affinity.partition(key.toHex()));
        }
    }
}
