package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.rpc.KvernException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RegionGateTest {
    private static final int LIMIT = 1_000;
    private static final int WAIT_MILLIS = 100;

    /** Looks come when a test calls for one: another at the same time would leave it with those that it does not find any more. */
    private final ScheduledExecutorService scheduler = new ScheduledThreadPoolExecutor(1) {
        @Override
        public ScheduledFuture<?> schedule(Runnable command, long delay, TimeUnit unit) {
            return super.schedule(command, 1, TimeUnit.DAYS);
        }
    };

    private final StoreCounters counters = new StoreCounters();
    private volatile long used;
    private volatile long wanted = -1;
    private volatile long nanos;

    private final RegionGate gate = new RegionGate(
            new RegionGate.Region(() -> used, LIMIT, bytes -> 2L * bytes),
            bytes -> wanted = bytes,
            WAIT_MILLIS,
            counters,
            scheduler,
            () -> nanos);

    @AfterEach
    void stop() {
        scheduler.shutdownNow();
    }

    @Test
    void whatIsUnderWayCountsAsUsed() {
        used = 600;
        var first = gate.admit(150);
        var second = gate.admit(100);
        assertThat(first).isCompleted();
        assertThat(second).isNotDone();
        first.join().close();
        first.join().close();
        gate.look();
        assertThat(second).isCompleted();
        assertThat(counters.snapshot().getHeldBackBlocks()).isEqualTo(1);
        used = 801;
        assertThat(gate.admit(1)).as("given back twice").isNotDone();
    }

    @Test
    void whatWaitsAsksForRoomAndGoesOnWhenThereIs() {
        used = 950;
        var first = gate.admit(50);
        var second = gate.admit(100);
        gate.look();
        assertThat(wanted).isEqualTo(LIMIT - 2 * 150);
        used = 900;
        gate.look();
        assertThat(first).isCompleted();
        assertThat(second).isNotDone();
        used = 700;
        gate.look();
        assertThat(second).isCompleted();
    }

    @Test
    void aSmallBlockDoesNotOvertakeALargeOneForEver() {
        used = 900;
        var large = gate.admit(100);
        var small = gate.admit(10);
        gate.look();
        assertThat(small).isNotDone();
        used = 700;
        gate.look();
        assertThat(large).isCompleted();
        assertThat(small).isCompleted();
    }

    @Test
    void withNoRoomInTimeItIsRefused() {
        used = 980;
        CompletableFuture<WriteGate.Room> waiting = gate.admit(100);
        nanos = TimeUnit.MILLISECONDS.toNanos(WAIT_MILLIS) - 1;
        gate.look();
        assertThat(waiting).isNotDone();
        nanos++;
        gate.look();
        assertThatThrownBy(waiting::join)
                .hasCauseInstanceOf(KvernException.class)
                .hasMessageContaining("980 of 1000 bytes")
                .hasMessageContaining("expected");
        // It left nothing behind.
        used = 800;
        assertThat(gate.admit(100)).isCompleted();
    }
}
