package dev.kvern.runner.engine;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.WritableBlock;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.Transformer;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what is done next. A turn looks after requests that ended from outside, admits waiting ones in the order they
 * came, computes one prefill chunk (of the oldest prompt), and one token for each request that decodes: a long prompt delays
 * the others by a chunk at a time. A request that finds no block for its next token takes those of the youngest one, which
 * waits and later goes on where it was.
 *
 * <p>Confined to the engine's thread, apart from the figures.
 */
final class Schedule {
    private static final Logger log = LoggerFactory.getLogger(Schedule.class);
    private static final long REST_MILLIS = 1_000;
    private static final long WATCHFUL_REST_MILLIS = 20;

    private final Transformer model;
    private final KvMemory memory;
    private final BlockPool pool;
    private final Prefill prefill;
    private final TierFetching fetching;
    private final EngineOptions options;
    private final EngineCounters counters;
    private final GeneratedSharing sharing;
    private final EnginePulse pulse;
    private final LongSupplier nanoTime;

    /** By age: a preempted request is older than those that came after it. */
    private final TreeSet<Sequence> waiting = new TreeSet<>(Comparator.comparingLong(s -> s.order));

    private final TreeSet<Sequence> running = new TreeSet<>(Comparator.comparingLong(s -> s.order));
    private volatile int waitingCount;
    private volatile int runningCount;
    private volatile long prefillTokens;

    Schedule(
            Transformer model,
            KvMemory memory,
            BlockPool pool,
            Prefill prefill,
            TierFetching fetching,
            EngineOptions options,
            EngineCounters counters,
            KeySpace keySpace,
            EnginePulse pulse,
            LongSupplier nanoTime) {
        this.model = model;
        this.memory = memory;
        this.pool = pool;
        this.prefill = prefill;
        this.fetching = fetching;
        this.options = options;
        this.counters = counters;
        this.sharing = new GeneratedSharing(prefill, keySpace, options);
        this.pulse = pulse;
        this.nanoTime = nanoTime;
    }

    int waiting() {
        return waitingCount;
    }

    int running() {
        return runningCount;
    }

    /** Prompt tokens of accepted requests that are not there yet. */
    long prefillTokens() {
        return prefillTokens;
    }

    void add(Sequence sequence) {
        waiting.add(sequence);
        measure();
    }

    /** Does a piece of work; false if there was none to do. */
    boolean turn() {
        endFromOutside();
        admit();
        measure();
        boolean worked = prefillOne();
        for (Sequence sequence : List.copyOf(running)) {
            if (sequence.phase == Sequence.Phase.DECODE && !sequence.cancelled) {
                worked |= guarded(sequence, () -> decode(sequence));
            }
        }
        if (!worked && waiting.isEmpty() && running.isEmpty()) {
            worked = share();
        }
        measure();
        return worked;
    }

    /** How long there is nothing to do, unless someone wakes the engine. */
    long restMillis() {
        // Deadlines and stalled readers do not wake anyone.
        return waiting.isEmpty() && running.isEmpty() ? REST_MILLIS : WATCHFUL_REST_MILLIS;
    }

    void failAll(KvernException failure) {
        sharing.release();
        for (TreeSet<Sequence> group : List.of(waiting, running)) {
            for (Sequence sequence : List.copyOf(group)) {
                fail(sequence, failure);
            }
        }
        measure();
    }

    private void measure() {
        waitingCount = waiting.size();
        runningCount = running.size();
        long tokens = 0;
        boolean someoneWaits = false;
        for (Sequence sequence : waiting) {
            tokens += sequence.prompt.tokens.length;
            someoneWaits = true;
        }
        for (Sequence sequence : running) {
            tokens += Math.max(0, sequence.prompt.tokens.length - sequence.prompt.computed);
            someoneWaits |= sequence.phase != Sequence.Phase.DECODE;
        }
        prefillTokens = tokens;
        pulse.prefilling(someoneWaits);
    }

    private void endFromOutside() {
        long now = nanoTime.getAsLong();
        for (TreeSet<Sequence> group : List.of(waiting, running)) {
            for (Sequence sequence : List.copyOf(group)) {
                if (sequence.cancelled) {
                    fail(sequence, new KvernException(ErrorReason.CANCELLED, "the caller has cancelled the request"));
                } else if (sequence.task.deadlineNanos().isPresent()
                        && now - sequence.task.deadlineNanos().getAsLong() >= 0) {
                    fail(
                            sequence,
                            new KvernException(
                                    ErrorReason.DEADLINE_EXCEEDED,
                                    "deadline: passed after " + sequence.generated() + " tokens (expected: time for "
                                            + sequence.maxNewTokens + ")"));
                }
            }
        }
    }

    private void admit() {
        while (!waiting.isEmpty() && running.size() < options.maxRunning()) {
            Sequence next = waiting.first();
            // A block for each running request, so that an admission does not preempt at once.
            if (!prefill.begin(next.prompt, running.size()) && !(sharing.release() && begin(next))) {
                return;
            }
            waiting.remove(next);
            running.add(next);
            next.queueNanos += nanoTime.getAsLong() - (next.admittedAt < 0 ? next.arrivedAt : next.waitingSince);
            next.admittedAt = nanoTime.getAsLong();
            next.phase = fetching.start(next) ? Sequence.Phase.FETCHING : Sequence.Phase.PREFILL;
        }
    }

    private boolean share() {
        try {
            return sharing.step();
        } catch (RuntimeException e) {
            log.error("computing a finished request's tokens for others failed", e);
            sharing.release();
            return true;
        }
    }

    private boolean begin(Sequence next) {
        return prefill.begin(next.prompt, running.size());
    }

    /** One chunk of the oldest prompt that can be computed. */
    private boolean prefillOne() {
        for (Sequence sequence : List.copyOf(running)) {
            if (sequence.phase == Sequence.Phase.FETCHING && fetching.finish(sequence)) {
                sequence.phase = Sequence.Phase.PREFILL;
            }
            if (sequence.phase == Sequence.Phase.PREFILL) {
                return guarded(sequence, () -> prefillStep(sequence));
            }
        }
        return false;
    }

    private boolean prefillStep(Sequence sequence) {
        Prompt prompt = sequence.prompt;
        prefill.adopt(prompt);
        int before = prompt.computed;
        long begin = nanoTime.getAsLong();
        float[] logits = prefill.step(prompt, sequence.generated() == 0);
        counters.prefilled(prompt.computed - before, nanoTime.getAsLong() - begin);
        if (prompt.done()) {
            sequence.computed = prompt.computed;
            sequence.phase = Sequence.Phase.DECODE;
            if (sequence.generated() == 0) {
                choose(sequence, logits);
            }
            // After the first token is on its way.
            prefill.offload(prompt);
            if (sequence.ending != null) {
                finish(sequence, sequence.ending);
            }
        }
        return true;
    }

    private boolean decode(Sequence sequence) {
        if (!sequence.stream.ready()) {
            stalled(sequence);
            return false;
        }
        sequence.stalledSince = -1;
        if (sequence.computed / options.blockTokens() >= sequence.prompt.table.size() && !extend(sequence)) {
            return false;
        }
        // A preempted request computes its own tokens again one by one, as it did the first time: the same bits.
        boolean again = sequence.computed < sequence.length() - 1;
        float[] logits = model.step(
                memory,
                sequence.prompt.table.indices(),
                sequence.computed,
                new int[] {sequence.token(sequence.computed)},
                1,
                again ? 0 : 1);
        sequence.computed++;
        if (!again) {
            choose(sequence, logits);
            if (sequence.ending != null) {
                finish(sequence, sequence.ending);
            }
        }
        return true;
    }

    private void choose(Sequence sequence, float[] logits) {
        TokenStream.Choice choice = sequence.stream.next(logits);
        sequence.append(choice.token());
        counters.generated.increment();
        if (sequence.generated() == 1) {
            sequence.firstToken(nanoTime.getAsLong());
            counters.firstToken(sequence.usage());
        }
        if (choice.stop()) {
            sequence.ending = Ending.STOP;
        } else if (sequence.generated() >= sequence.maxNewTokens) {
            sequence.ending = Ending.LENGTH;
        }
    }

    /** Gives the sequence one more block, the youngest one's if need be; false if that is its own. */
    private boolean extend(Sequence sequence) {
        while (true) {
            Optional<List<WritableBlock>> block = pool.acquire(1);
            if (block.isPresent()) {
                sequence.prompt.table.append(block.get());
                return true;
            }
            if (sharing.release()) {
                continue;
            }
            Sequence youngest = running.last();
            preempt(youngest);
            if (youngest == sequence) {
                return false;
            }
        }
    }

    private void preempt(Sequence sequence) {
        counters.preemptions.increment();
        sequence.release();
        sequence.phase = Sequence.Phase.WAITING;
        sequence.waitingSince = nanoTime.getAsLong();
        running.remove(sequence);
        waiting.add(sequence);
    }

    private void stalled(Sequence sequence) {
        long now = nanoTime.getAsLong();
        if (sequence.stalledSince < 0) {
            sequence.stalledSince = now;
        } else if (now - sequence.stalledSince > TimeUnit.MILLISECONDS.toNanos(options.stalledReaderMillis())) {
            fail(
                    sequence,
                    new KvernException(
                            ErrorReason.RESOURCE_EXHAUSTED,
                            "responses: none taken for " + options.stalledReaderMillis()
                                    + " ms (expected: a caller that reads them)"));
        }
    }

    /** Runs a step; what it throws ends this request and no other. */
    private boolean guarded(Sequence sequence, BooleanSupplier step) {
        try {
            return step.getAsBoolean();
        } catch (KvernException e) {
            fail(sequence, e);
        } catch (RuntimeException e) {
            log.error("request {} failed", sequence.task.requestId(), e);
            fail(sequence, new KvernException(ErrorReason.INTERNAL, "internal error: " + e, e));
        }
        return true;
    }

    private void finish(Sequence sequence, Ending ending) {
        Usage usage = sequence.usage();
        counters.finished.increment();
        sharing.offer(sequence);
        leave(sequence);
        sequence.stream.finished(ending, usage);
    }

    private void fail(Sequence sequence, KvernException failure) {
        if (sequence.phase == Sequence.Phase.ENDED) {
            return;
        }
        counters.failed.increment();
        leave(sequence);
        try {
            sequence.stream.failed(failure);
        } catch (RuntimeException e) {
            log.warn("request {} could not be told that it failed: {}", sequence.task.requestId(), e.toString());
        }
    }

    private void leave(Sequence sequence) {
        sequence.release();
        sequence.phase = Sequence.Phase.ENDED;
        running.remove(sequence);
        waiting.remove(sequence);
    }
}
