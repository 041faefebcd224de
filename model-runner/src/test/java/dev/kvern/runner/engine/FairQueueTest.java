package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class FairQueueTest {
    private static final long AGEING = 1_000;

    private final FairQueue queue = new FairQueue();
    private long accepted;

    @Test
    void oneTenantIsServedInOrderOfArrival() {
        Sequence first = add("", 0, 10);
        Sequence second = add("", 0, 11);
        assertThat(serve(2, 100)).containsExactly(first, second);
        assertThat(queue.isEmpty()).isTrue();
        assertThat(queue.peek()).isEmpty();
        assertThat(queue.promptTokens()).isZero();
    }

    @Test
    void withinATenantAHigherPriorityGoesFirst() {
        Sequence low = add("", -1, 0);
        Sequence normal = add("", 0, 1);
        Sequence high = add("", 5, 2);
        assertThat(serve(3, 1)).containsExactly(high, normal, low);
    }

    @Test
    void waitingMakesUpForPriority() {
        Sequence low = add("", 0, 0);
        Sequence sooner = add("", 3, 3 * AGEING - 1);
        Sequence later = add("", 3, 3 * AGEING + 1);
        assertThat(serve(3, 1)).containsExactly(sooner, low, later);
    }

    @Test
    void aFloodOfOneTenantDoesNotDelayAnother() {
        for (int i = 0; i < 100; i++) {
            add("flood", 0, i);
        }
        serve(10, 100);
        Sequence late = add("late", 0, 1_000);
        assertThat(serve(2, 100)).contains(late);
    }

    @Test
    void tenantsGetEqualSharesOfTokensNotOfRequests() {
        for (int i = 0; i < 100; i++) {
            add("large", 0, i);
            add("small", 0, i);
        }
        int large = 0;
        int small = 0;
        while (large + small < 110) {
            Sequence next = take();
            boolean isLarge = next.task.salt().equals("large");
            queue.served(next, isLarge ? 1_000 : 100);
            large += isLarge ? 1 : 0;
            small += isLarge ? 0 : 1;
        }
        assertThat(large).isEqualTo(10);
        assertThat(small).isEqualTo(100);
    }

    @Test
    void aPauseSavesNothingUp() {
        Sequence once = add("pausing", 0, 0);
        take();
        queue.left(once);
        for (int i = 0; i < 50; i++) {
            add("steady", 0, i);
        }
        serve(20, 1_000);
        for (int i = 0; i < 50; i++) {
            add("pausing", 0, 100 + i);
        }
        assertThat(serve(20, 1_000))
                .filteredOn(s -> s.task.salt().equals("steady"))
                .hasSizeBetween(9, 11);
    }

    @Test
    void whatATenantOwesIsRememberedThroughAPause() {
        add("other", 0, 0);
        Sequence greedy = add("greedy", 0, 0);
        Sequence other = add("other", 0, 1);
        take();
        take();
        queue.served(greedy, 50_000);
        queue.left(greedy);
        Sequence again = add("greedy", 0, 2);
        assertThat(serve(2, 1)).containsExactly(other, again);
    }

    @Test
    void priorityIsABoundedHeadStartAgainstOtherTenants() {
        for (int i = 0; i < 100; i++) {
            add("urgent", 4, i);
        }
        Sequence other = add("other", 0, 0);
        List<Sequence> served = serve(10, FairQueue.TOKENS_PER_PRIORITY);
        assertThat(served.indexOf(other)).isBetween(4, 5);
    }

    @Test
    void thePreemptedGoOnBeforeAnyoneNew() {
        Sequence first = add("", 0, 0);
        Sequence second = add("", 0, 1);
        take();
        take();
        add("", 100, 2);
        queue.preempted(second);
        queue.preempted(first);
        assertThat(queue.size()).isEqualTo(3);
        assertThat(take()).isSameAs(first);
        assertThat(take()).isSameAs(second);
    }

    @Test
    void leavingWhileWaitingOrPreemptedKeepsTheCounts() {
        Sequence waiting = add("a", 0, 0);
        Sequence preempted = add("b", 0, 0);
        queue.admitted(preempted);
        queue.preempted(preempted);
        assertThat(queue.size()).isEqualTo(2);
        queue.left(waiting);
        queue.left(preempted);
        assertThat(queue.size()).isZero();
        assertThat(queue.promptTokens()).isZero();
    }

    private Sequence add(String tenant, int priority, long at) {
        Sequence sequence = sequence(tenant, priority, at, accepted++);
        queue.add(sequence);
        return sequence;
    }

    private Sequence take() {
        Sequence next = queue.peek().orElseThrow();
        queue.admitted(next);
        return next;
    }

    private List<Sequence> serve(int count, long tokens) {
        var served = new ArrayList<Sequence>();
        for (int i = 0; i < count; i++) {
            Sequence next = take();
            queue.served(next, tokens);
            served.add(next);
        }
        return served;
    }

    private static Sequence sequence(String tenant, int priority, long at, long order) {
        int[] prompt = {1, 2, 3};
        var task = new GenerationTask(
                "r" + order, prompt, OptionalInt.of(1), tenant, true, true, true, OptionalLong.empty(), priority);
        var keys = new KeySpace(new ArithmeticModel(4, 16).spec(), 4, 16).keys(prompt, tenant);
        var text = new Prompt(prompt, keys, true, true, 16, true);
        return new Sequence(task, new Collected(), text, order, 1, at, AGEING);
    }
}
