package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PolicyQueueTest {
    private static final List<BlockKey> KEYS = Chains.keys(1, 3);

    private static final OffloadQueue EAGER = new OffloadQueue() {
        @Override
        public boolean wants(BlockKey key) {
            return !key.equals(KEYS.get(2));
        }

        @Override
        public void offer(List<OffloadChunk> chain) {}

        @Override
        public void stored(List<BlockKey> keys) {}

        @Override
        public void lost(List<BlockKey> keys) {}
    };

    @Test
    void writeThroughWantsWhatTheQueueWants() {
        var queue = new PolicyQueue(EAGER, OffloadPolicy.WRITE_THROUGH, 1);
        assertThat(KEYS.stream().filter(queue::wants)).isEqualTo(KEYS.subList(0, 2));
    }

    @Test
    void afterUsesWantsWhatWasUsedOftenEnough() {
        var queue = new PolicyQueue(EAGER, OffloadPolicy.AFTER_USES, 2);
        queue.used(KEYS);
        assertThat(KEYS.stream().filter(queue::wants)).isEmpty();
        queue.used(KEYS.subList(0, 1));
        assertThat(KEYS.stream().filter(queue::wants)).isEqualTo(KEYS.subList(0, 1));
    }

    @Test
    void onEvictionWantsNothingBefore() {
        var queue = new PolicyQueue(EAGER, OffloadPolicy.ON_EVICTION, 1);
        queue.used(KEYS);
        assertThat(KEYS.stream().filter(queue::wants)).isEmpty();
    }

    @Test
    void countsAreBoundedAndTheOldestGo() {
        var counts = new UseCounts();
        List<BlockKey> keys = Chains.keys(2, UseCounts.MAX_KEYS + 1);
        keys.forEach(counts::add);
        assertThat(counts.size()).isEqualTo(UseCounts.MAX_KEYS);
        assertThat(counts.of(keys.get(0))).isZero();
        assertThat(counts.of(keys.get(1))).isEqualTo(1);
    }

    @ParameterizedTest
    @EnumSource(OffloadPolicy.class)
    void everyPolicyHasAName(OffloadPolicy policy) {
        assertThat(OffloadPolicy.named(policy.name().toLowerCase(java.util.Locale.ROOT)))
                .contains(policy);
        assertThat(OffloadPolicy.named(policy.name())).isEmpty();
    }
}
