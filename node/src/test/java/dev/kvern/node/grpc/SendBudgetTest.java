package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.node.Awaits;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class SendBudgetTest {
    private static final int BLOCK = 1 << 20;
    private static final long LONG = TimeUnit.MINUTES.toNanos(10);

    private final SendBudget budget = new SendBudget(2 * BLOCK, Runnable::run, System::nanoTime);

    @Test
    void whoWaitsIsServedFirstComeFirstServedAndBeforeOthers() {
        List<Integer> served = new ArrayList<>();
        long first = budget.tryTake();
        long second = budget.tryTake();
        assertThat(List.of(first, second)).containsOnly((long) BLOCK);
        budget.take(LONG, bytes -> served.add(1));
        budget.take(LONG, bytes -> served.add(2));
        assertThat(served).isEmpty();
        budget.give(first);
        assertThat(served).containsExactly(1);
        assertThat(budget.tryTake()).as("others wait").isZero();
        budget.give(second);
        assertThat(served).containsExactly(1, 2);
        assertThat(budget.taken()).isEqualTo(2 * BLOCK);
        assertThat(budget.waiting()).isZero();
    }

    @Test
    void whoFindsRoomAtOnceDoesNotWait() {
        List<Long> served = new ArrayList<>();
        budget.take(LONG, served::add);
        assertThat(served).containsExactly((long) BLOCK);
    }

    @Test
    void aWaitInVainTakesNothing() {
        budget.give(-2 * BLOCK);
        List<Long> told = Collections.synchronizedList(new ArrayList<>());
        budget.take(1, told::add);
        Awaits.until("the wait to end", () -> !told.isEmpty());
        assertThat(told).containsExactly(0L);
        budget.give(2 * BLOCK);
        assertThat(budget.taken()).isZero();
    }

    /** Whoever gives at the same moment in which another begins to wait. */
    @Test
    void nobodyIsForgotten() throws InterruptedException {
        int rounds = 20_000;
        var done = new CountDownLatch(4 * rounds);
        var executor = Executors.newFixedThreadPool(4);
        var shared = new SendBudget(BLOCK, executor, System::nanoTime);
        var late = new AtomicInteger();
        for (int i = 0; i < 4 * rounds; i++) {
            executor.execute(() -> shared.take(LONG, bytes -> {
                late.addAndGet(bytes == 0 ? 1 : 0);
                shared.give(bytes);
                done.countDown();
            }));
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(late).hasValue(0);
        assertThat(shared.taken()).isZero();
        executor.shutdownNow();
    }
}
