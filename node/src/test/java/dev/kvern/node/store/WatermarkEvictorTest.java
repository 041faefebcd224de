package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatermarkEvictorTest {
    private static final int CAPACITY = 1_000;

    private final Map<BlockKey, Integer> region = new LinkedHashMap<>();
    private final ChainLru policy = new ChainLru();
    private final StoreCounters counters = new StoreCounters();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private final WatermarkEvictor evictor = new WatermarkEvictor(
            policy, this::used, CAPACITY, 0.9, 0.88, key -> region.remove(key) != null, counters, scheduler);

    @AfterEach
    void stop() {
        scheduler.shutdownNow();
    }

    @Test
    void belowTheWatermarkNothingGoes() {
        fill(90);
        evictor.look();
        assertThat(region).hasSize(90);
    }

    @Test
    void aboveItTheLeastRecentlyUsedGo() {
        fill(95);
        policy.used(List.of(Blocks.key(0)));
        policy.used(List.of(Blocks.key(3)));
        evictor.look();
        assertThat(used()).isEqualTo(880);
        assertThat(region).hasSize(88).containsKeys(Blocks.key(0), Blocks.key(3), Blocks.key(94));
        assertThat(region).doesNotContainKeys(Blocks.key(1), Blocks.key(2), Blocks.key(4), Blocks.key(8));
        assertThat(counters.snapshot().getEvictedBlocks()).isEqualTo(7);
        assertThat(policy.size()).isEqualTo(88);
    }

    @Test
    void whatIsGoneAlreadyDoesNotCount() {
        fill(95);
        region.remove(Blocks.key(0));
        region.put(Blocks.key(500), 10);
        policy.gone(Blocks.key(1));
        evictor.look();
        assertThat(used()).isLessThanOrEqualTo(880);
        assertThat(region).containsKey(Blocks.key(1));
    }

    @Test
    void whatCannotBeRemovedNowIsTriedAgain() {
        fill(95);
        var failing = new WatermarkEvictor(
                policy,
                this::used,
                CAPACITY,
                0.9,
                0.88,
                key -> {
                    throw new IllegalStateException("no answer");
                },
                counters,
                scheduler);
        failing.look();
        assertThat(policy.size()).isEqualTo(95);
        evictor.look();
        assertThat(used()).isEqualTo(880);
        assertThat(policy.size()).isEqualTo(88);
    }

    @Test
    void itGoesDownToTheLowWatermark() {
        fill(95);
        new WatermarkEvictor(
                        policy, this::used, CAPACITY, 0.9, 0.5, key -> region.remove(key) != null, counters, scheduler)
                .look();
        assertThat(used()).isEqualTo(500);
    }

    @Test
    void whatIsLeasedStaysEvenIfNothingElseIsLeft() {
        fill(95);
        var leases = region.keySet().stream().map(policy::lease).toList();
        evictor.look();
        assertThat(region).hasSize(95);
        leases.subList(0, 3).forEach(EvictionPolicy.Lease::close);
        evictor.look();
        assertThat(region).hasSize(92).doesNotContainKeys(Blocks.key(0), Blocks.key(1), Blocks.key(2));
    }

    @Test
    void anEmptyPolicyEndsTheLook() {
        region.put(Blocks.key(1), 990);
        evictor.look();
        assertThat(region).hasSize(1);
    }

    private void fill(int count) {
        for (int i = 0; i < count; i++) {
            region.put(Blocks.key(i), 10);
            policy.held(Blocks.key(i), Optional.empty(), 10);
        }
    }

    private long used() {
        return region.values().stream().mapToLong(Integer::longValue).sum();
    }
}
