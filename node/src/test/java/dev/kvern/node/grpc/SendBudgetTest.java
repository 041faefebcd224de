package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.node.Awaits;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class SendBudgetTest {
    private static final int BLOCK = 1 << 20;
    private static final long LONG = TimeUnit.MINUTES.toNanos(10);

    private final SendBudget budget = new SendBudget(2 * BLOCK, Runnable::run, System::nanoTime);

    private SendBudget.Share newCaller() {
        return budget.of(new Object());
    }

    @Test
    void whoWaitsIsServedFirstComeFirstServedAndBeforeOthers() {
        List<Integer> served = new ArrayList<>();
        SendBudget.Share first = newCaller();
        SendBudget.Share second = newCaller();
        assertThat(List.of(first.tryTake(), second.tryTake())).containsOnly((long) BLOCK);
        newCaller().take(LONG, bytes -> served.add(1));
        newCaller().take(LONG, bytes -> served.add(2));
        assertThat(served).isEmpty();
        first.give(BLOCK);
        assertThat(served).containsExactly(1);
        assertThat(newCaller().tryTake()).as("others wait").isZero();
        second.give(BLOCK);
        assertThat(served).containsExactly(1, 2);
        assertThat(budget.taken()).isEqualTo(2 * BLOCK);
        assertThat(budget.waiting()).isZero();
    }

    @Test
    void whoFindsRoomAtOnceDoesNotWait() {
        List<Long> served = new ArrayList<>();
        newCaller().take(LONG, served::add);
        assertThat(served).containsExactly((long) BLOCK);
    }

    @Test
    void aWaitInVainTakesNothing() {
        SendBudget.Share all = newCaller();
        all.give(-2 * BLOCK);
        List<Long> told = Collections.synchronizedList(new ArrayList<>());
        newCaller().take(1, told::add);
        Awaits.until("the wait to end", () -> !told.isEmpty());
        assertThat(told).containsExactly(0L);
        all.give(2 * BLOCK);
        assertThat(budget.taken()).isZero();
    }

    @Test
    void oneCallerHoldsNoMoreThanIsFree() {
        var large = new SendBudget(16 * BLOCK, Runnable::run, System::nanoTime);
        List<Integer> held = new ArrayList<>();
        for (int caller = 0; caller < 5; caller++) {
            SendBudget.Share share = large.of(new Object());
            int blocks = 0;
            while (share.tryTake() > 0) {
                blocks++;
            }
            held.add(blocks);
        }
        assertThat(held).containsExactly(8, 4, 2, 1, 1);
    }

    @Test
    void whoHoldsItsShareDoesNotHoldUpOthers() {
        var large = new SendBudget(16 * BLOCK, Runnable::run, System::nanoTime);
        SendBudget.Share greedy = large.of(new Object());
        long last = 1;
        while (last > 0) {
            last = greedy.tryTake();
        }
        List<String> served = new ArrayList<>();
        greedy.take(LONG, bytes -> served.add("greedy"));
        SendBudget.Share other = large.of(new Object());
        assertThat(other.tryTake()).isEqualTo(BLOCK);
        other.take(LONG, bytes -> served.add("other"));
        assertThat(served).containsExactly("other");
        // With as much as is free to be held again, the one who waits has its turn.
        greedy.give(BLOCK);
        assertThat(served).containsExactly("other");
        greedy.give(BLOCK);
        assertThat(served).containsExactly("other", "greedy");
    }

    @Test
    void callsOfOneCallerShareAsLongAsOneIsOpen() {
        var large = new SendBudget(16 * BLOCK, Runnable::run, System::nanoTime);
        var caller = new Object();
        var first = new Idle();
        var second = new Idle();
        SendBudget.Share share = large.of(caller);
        share.opened(first);
        assertThat(large.of(caller)).isSameAs(share);
        large.of(caller).opened(second);
        share.closed(first);
        share.closed(first);
        assertThat(large.of(caller)).isSameAs(share);
        share.closed(second);
        assertThat(large.of(caller)).isNotSameAs(share);
    }

    @Test
    void whoStandsStillLosesItsOwnRoomFirst() {
        var caller = new Object();
        SendBudget.Share share = budget.of(caller);
        SendBudget.Share other = newCaller();
        var own = new Idle();
        var others = new Idle();
        share.opened(own);
        other.opened(others);
        assertThat(share.takeBack(1)).isTrue();
        assertThat(own.ended).isTrue();
        assertThat(others.ended).isFalse();
        assertThat(share.takeBack(1)).isTrue();
        assertThat(others.ended).isTrue();
        assertThat(share.takeBack(1)).isFalse();
    }

    /** A call whose caller takes nothing. */
    private static final class Idle implements SendBudget.Holder {
        private boolean ended;

        @Override
        public long waitsSince() {
            return System.nanoTime() - LONG;
        }

        @Override
        public boolean giveUp() {
            boolean open = !ended;
            ended = true;
            return open;
        }
    }

    /** Whatever callers do, the sum is what they hold, and within the limit; and who holds nothing finds room where there is some. */
    @Test
    void sumsAreRight() {
        for (int seed = 0; seed < 100; seed++) {
            var random = new Random(seed);
            int blocks = 1 + random.nextInt(20);
            var tried = new SendBudget((long) blocks * BLOCK, Runnable::run, System::nanoTime);
            List<SendBudget.Share> callers = Stream.generate(() -> tried.of(new Object()))
                    .limit(1 + random.nextInt(6))
                    .toList();
            int[] held = new int[callers.size()];
            for (int step = 0; step < 300; step++) {
                int caller = random.nextInt(held.length);
                int free = blocks - IntStream.of(held).sum();
                if (random.nextInt(3) > 0) {
                    boolean may = free > 0 && (held[caller] == 0 || held[caller] + 1 <= free);
                    assertThat(callers.get(caller).tryTake())
                            .as("seed %d", seed)
                            .isEqualTo(may ? BLOCK : 0);
                    held[caller] += may ? 1 : 0;
                } else if (held[caller] > 0) {
                    callers.get(caller).give(BLOCK);
                    held[caller]--;
                }
                assertThat(tried.taken())
                        .as("seed %d", seed)
                        .isEqualTo((long) IntStream.of(held).sum() * BLOCK);
            }
        }
    }

    /** Whoever gives at the same moment in which another begins to wait. */
    @Test
    void nobodyIsForgotten() throws InterruptedException {
        int rounds = 20_000;
        var done = new CountDownLatch(4 * rounds);
        var executor = Executors.newFixedThreadPool(4);
        var shared = new SendBudget(BLOCK, executor, System::nanoTime);
        List<SendBudget.Share> callers =
                Stream.generate(() -> shared.of(new Object())).limit(3).toList();
        var late = new AtomicInteger();
        for (int i = 0; i < 4 * rounds; i++) {
            SendBudget.Share share = callers.get(i % callers.size());
            executor.execute(() -> share.take(LONG, bytes -> {
                late.addAndGet(bytes == 0 ? 1 : 0);
                share.give(bytes);
                done.countDown();
            }));
        }
        assertThat(done.await(60, TimeUnit.SECONDS)).isTrue();
        assertThat(late).hasValue(0);
        assertThat(shared.taken()).isZero();
        executor.shutdownNow();
    }
}
