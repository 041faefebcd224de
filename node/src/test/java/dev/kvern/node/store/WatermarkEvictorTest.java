package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WatermarkEvictorTest {
    private static final int CAPACITY = 1_000;

    private final Map<BlockKey, Integer> region = new LinkedHashMap<>();
    private final UseOrder order = new UseOrder();
    private final StoreCounters counters = new StoreCounters();
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private final WatermarkEvictor evictor = new WatermarkEvictor(
            order, this::used, CAPACITY, 0.9, key -> region.remove(key) != null, counters, scheduler);

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
        order.used(Blocks.key(0));
        order.used(Blocks.key(3));
        evictor.look();
        assertThat(used()).isEqualTo(880);
        assertThat(region).hasSize(88).containsKeys(Blocks.key(0), Blocks.key(3), Blocks.key(94));
        assertThat(region).doesNotContainKeys(Blocks.key(1), Blocks.key(2), Blocks.key(4), Blocks.key(8));
        assertThat(counters.snapshot().getEvictedBlocks()).isEqualTo(7);
        assertThat(order.size()).isEqualTo(88);
    }

    @Test
    void whatIsGoneAlreadyDoesNotCount() {
        fill(95);
        region.remove(Blocks.key(0));
        region.put(Blocks.key(500), 10);
        order.gone(Blocks.key(1));
        evictor.look();
        assertThat(used()).isLessThanOrEqualTo(880);
        assertThat(region).containsKey(Blocks.key(1));
    }

    @Test
    void whatCannotBeRemovedNowIsTriedAgain() {
        fill(95);
        var failing = new WatermarkEvictor(
                order,
                this::used,
                CAPACITY,
                0.9,
                key -> {
                    throw new IllegalStateException("no answer");
                },
                counters,
                scheduler);
        failing.look();
        assertThat(order.size()).isEqualTo(95);
        evictor.look();
        assertThat(used()).isEqualTo(880);
        assertThat(order.size()).isEqualTo(88);
    }

    @Test
    void anEmptyOrderEndsTheLook() {
        region.put(Blocks.key(1), 990);
        evictor.look();
        assertThat(region).hasSize(1);
    }

    private void fill(int count) {
        for (int i = 0; i < count; i++) {
            region.put(Blocks.key(i), 10);
            order.held(Blocks.key(i), 10);
        }
    }

    private long used() {
        return region.values().stream().mapToLong(Integer::longValue).sum();
    }
}
