package dev.kvern.runner.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.runner.engine.Step.PrefillWork;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.FetchPolicy;
import dev.kvern.runner.tier.OffloadQueue;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

/** The scheduler alone; what it plans is done by hand. */
class SchedulerTest {
    private static final int BLOCK = 4;
    private static final int CHUNK = 16;

    private final ArithmeticModel model = new ArithmeticModel(BLOCK, CHUNK);
    private final KeySpace keySpace = new KeySpace(model.spec(), BLOCK, CHUNK);
    private final EngineCounters counters = new EngineCounters();
    private long accepted;
    private long now = 1;
    private Prefill prefill;
    private Scheduler scheduler;

    SchedulerTest() {
        scheduler(64, 64, 4);
    }

    private void scheduler(int blocks, int prefillTokens, int maxRunning) {
        var options = new EngineOptions(BLOCK, CHUNK, prefillTokens, maxRunning, 64, 1, 1_000, false);
        var pool = new BlockPool(blocks);
        var planner = new FetchPlanner(FetchPolicy.ALWAYS, CHUNK, 1_000);
        prefill = new Prefill(
                model,
                model.allocate(blocks),
                pool,
                OffloadQueue.NONE,
                options,
                planner,
                new EngineCounters(),
                () -> 0);
        scheduler = new Scheduler(pool, prefill, keySpace, options, counters, () -> false);
    }

    @Test
    void aLongPromptSharesItsStepsWithTheDecodesOfOthers() {
        scheduler(64, 32, 4);
        Sequence running = arrive(10, 20, 0);
        turn();
        Sequence longOne = arrive(100, 1, 0);
        for (int chunk = 0; chunk < 6; chunk += 2) {
            Step step = turn();
            assertThat(step.prefills()).containsExactly(new PrefillWork(longOne, 2));
            assertThat(step.decodes()).containsExactly(running);
        }
        assertThat(turn().prefills()).containsExactly(new PrefillWork(longOne, 1));
        assertThat(longOne.phase).isEqualTo(Sequence.Phase.DECODE);
    }

    @Test
    void aStepTakesChunksOfSeveralPromptsUpToItsBudget() {
        scheduler(64, 64, 4);
        Sequence one = arrive(20, 1, 0);
        Sequence two = arrive(10, 1, 0);
        Sequence three = arrive(40, 1, 0);
        assertThat(turn().prefills())
                .containsExactly(new PrefillWork(one, 2), new PrefillWork(two, 1), new PrefillWork(three, 1));
        assertThat(turn().prefills()).containsExactly(new PrefillWork(three, 2));
    }

    @Test
    void requestsJoinAndLeaveTheBatchAtEveryStep() {
        scheduler(64, 64, 4);
        Sequence one = arrive(5, 20, 0);
        turn();
        Sequence two = arrive(6, 20, 0);
        assertThat(turn().decodes()).containsExactly(one);
        assertThat(turn().decodes()).containsExactly(one, two);
        scheduler.ended(one);
        assertThat(turn().decodes()).containsExactly(two);
    }

    @Test
    void onePrefixThatArrivesTwiceIsComputedOnce() {
        scheduler(64, 32, 4);
        Sequence leader = arrive(70, 1, 0);
        Sequence follower = arrive(70, 1, 0);
        assertThat(turn().prefills()).containsExactly(new PrefillWork(leader, 2));
        assertThat(turn().prefills()).containsExactly(new PrefillWork(leader, 2));
        assertThat(turn().prefills()).containsExactly(new PrefillWork(leader, 1), new PrefillWork(follower, 1));
        assertThat(follower.prompt.localTokens).isEqualTo(64);
        assertThat(follower.prompt.computedTokens).isEqualTo(6);
    }

    @Test
    void onePrefixIsFetchedOnceAndWhoFollowedGoesOnWhenItsLeaderEnds() {
        scheduler(64, 32, 4);
        Sequence leader = arrive(70, 1, 0);
        Sequence follower = arrive(70, 1, 0);
        assertThat(scheduler.open(++now).fetches()).containsExactly(leader);
        scheduler.fetching(leader);
        assertThat(scheduler.plan(now).isEmpty()).isTrue();
        leader.cancelled = true;
        Opening opening = scheduler.open(++now);
        assertThat(opening.ended()).extracting(Opening.Failed::sequence).containsExactly(leader);
        assertThat(opening.fetches()).containsExactly(follower);
        assertThat(scheduler.plan(now).prefills()).containsExactly(new PrefillWork(follower, 2));
    }

    @Test
    void theMoreUrgentIsAdmittedAndComputedFirst() {
        scheduler(64, 16, 1);
        Sequence normal = arrive(5, 1, 0);
        Sequence urgent = arrive(6, 1, 1);
        assertThat(turn().prefills()).containsExactly(new PrefillWork(urgent, 1));
        scheduler.ended(urgent);
        assertThat(turn().prefills()).containsExactly(new PrefillWork(normal, 1));
    }

    @Test
    void whoFindsNoRoomIsNotOvertaken() {
        scheduler(8, 64, 4);
        Sequence running = arrive(16, 4, 0);
        turn();
        Sequence large = arrive(24, 4, 0);
        Sequence small = arrive(3, 1, 0);
        turn();
        assertThat(scheduler.running()).containsExactly(running);
        scheduler.ended(running);
        turn();
        assertThat(scheduler.running()).containsExactly(large, small);
    }

    @Test
    void theLeastUrgentIsPreemptedAndGoesOnWithAPrefillOfAllItHad() {
        scheduler(6, 64, 4);
        Sequence first = arrive(8, 16, 0);
        Sequence second = arrive(7, 16, 0);
        while (counters.preemptions.sum() == 0) {
            turn();
        }
        assertThat(second.phase).isEqualTo(Sequence.Phase.WAITING);
        assertThat(second.prompt.table.size()).isZero();
        assertThat(second.prompt.tokens).hasSize(second.length()).startsWith(EngineRig.prompt(7, 7));
        int had = second.length();
        Sequence fresh = arrive(1, 1, 100);
        while (second.phase == Sequence.Phase.WAITING) {
            assertThat(first.phase).isEqualTo(Sequence.Phase.DECODE);
            turn();
            if (first.generated() == 16) {
                scheduler.ended(first);
                turn();
            }
        }
        assertThat(second.length()).as("computed in chunks, then one token on").isEqualTo(had + 1);
        assertThat(scheduler.running()).as("and after it a new one").contains(second, fresh);
    }

    @Test
    void whoWaitedLongEnoughKeepsItsBlocksFromAHigherPriority() {
        scheduler(5, 64, 4);
        Sequence low = arrive(8, 12, 0);
        turn();
        now += 2_000_000;
        Sequence high = arrive(7, 4, 1);
        while (low.generated() < 12) {
            turn();
            assertThat(low.phase).isEqualTo(Sequence.Phase.DECODE);
            if (high.generated() == 4 && high.phase == Sequence.Phase.DECODE) {
                scheduler.ended(high);
            }
        }
        assertThat(low.generated()).isEqualTo(12);
    }

    private Sequence arrive(int length, int maxTokens, int priority) {
        int[] prompt = EngineRig.prompt(length, length);
        var task = new GenerationTask(
                "t", prompt, OptionalInt.of(maxTokens), "", true, true, true, OptionalLong.empty(), priority);
        var text = new Prompt(prompt, keySpace.keys(prompt, ""), true, true, CHUNK, true);
        var sequence = new Sequence(task, new Collected(), text, accepted++, maxTokens, now, 1_000_000);
        scheduler.arrived(sequence);
        return sequence;
    }

    /** A turn in which the tier brings nothing and every token is 1. */
    private Step turn() {
        assertThat(scheduler.open(++now).ended()).isEmpty();
        Step step = scheduler.plan(now);
        for (PrefillWork work : step.prefills()) {
            prefill.step(work.sequence().prompt, work.chunks(), false);
            scheduler.prefilled(work.sequence());
            if (work.sequence().prompt.done()) {
                token(work.sequence());
            }
        }
        for (Sequence sequence : step.decodes()) {
            sequence.computed++;
            token(sequence);
        }
        return step;
    }

    private void token(Sequence sequence) {
        sequence.append(1);
        scheduler.generated(sequence);
    }
}
