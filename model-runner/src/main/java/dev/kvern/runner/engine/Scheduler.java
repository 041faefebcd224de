package dev.kvern.runner.engine;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.Opening.Failed;
import dev.kvern.runner.engine.Step.PrefillWork;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.kv.WritableBlock;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.NavigableSet;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/**
 * Decides what is done next: continuous batching, as Orca introduced it (Yu et al., OSDI 2022), with chunked prefills that
 * share steps with decodes (Sarathi-Serve, Agrawal et al., OSDI 2024). It computes nothing, waits for nothing and has no
 * clock. What happened is told to it, a turn asks it twice what to do, and what was done is told to it:
 *
 * <ol>
 *   <li>{@link #arrived}, {@link #fetched}, and on the sequences {@code cancelled} and {@code readerReady}.
 *   <li>{@link #open} ends what was ended from outside and admits from the {@link FairQueue} what there is room for;
 *       {@link #fetching} answers it.
 *   <li>{@link #plan} says what the model computes: a token for each request that decodes, and chunks of prompts up to a
 *       budget, the most urgent first, so that a long prompt delays the others' tokens by the budget and no more.
 *   <li>{@link #prefilled}, {@link #generated}, {@link #ended}.
 * </ol>
 *
 * <p>When a request finds no block for its next token, the last one by {@link Sequence#BY_URGENCY} gives its blocks up: its
 * complete chunks stay in the pool as long as nobody needs the room, and later it goes on with a prefill of its prompt and
 * what it had generated. That order never changes and its first is never preempted, so the first always comes to its end,
 * then the next, whatever the pool's size; and since no new request is admitted while a preempted one waits, those before
 * it are a bounded number.
 *
 * <p>Confined to one thread.
 */
final class Scheduler {
    private final BlockPool pool;
    private final Prefill prefill;
    private final KeySpace keySpace;
    private final EngineOptions options;
    private final EngineCounters counters;
    private final BooleanSupplier giveRoom;
    private final FairQueue waiting = new FairQueue();
    private final TreeSet<Sequence> running = new TreeSet<>(Sequence.BY_URGENCY);

    /** @param giveRoom gives back blocks that are held as a favour to nobody in particular; false if there are none */
    Scheduler(
            BlockPool pool,
            Prefill prefill,
            KeySpace keySpace,
            EngineOptions options,
            EngineCounters counters,
            BooleanSupplier giveRoom) {
        this.pool = pool;
        this.prefill = prefill;
        this.keySpace = keySpace;
        this.options = options;
        this.counters = counters;
        this.giveRoom = giveRoom;
    }

    FairQueue waiting() {
        return waiting;
    }

    /** The admitted ones, the most urgent first. */
    NavigableSet<Sequence> running() {
        return Collections.unmodifiableNavigableSet(running);
    }

    boolean idle() {
        return waiting.isEmpty() && running.isEmpty();
    }

    /** A new request. */
    void arrived(Sequence sequence) {
        waiting.add(sequence);
    }

    /** The tier is bringing something for the sequence, which waits for it. */
    void fetching(Sequence sequence) {
        sequence.phase = Sequence.Phase.FETCHING;
    }

    /** The tier has brought what it will; the rest is to be computed. */
    void fetched(Sequence sequence) {
        sequence.phase = Sequence.Phase.PREFILL;
    }

    /** Begins a turn. */
    Opening open(long now) {
        var ended = new ArrayList<Failed>();
        waiting.forEach(sequence -> check(sequence, now, ended));
        List.copyOf(running).forEach(sequence -> check(sequence, now, ended));
        ended.forEach(failed -> ended(failed.sequence()));
        admit(now);
        var fetches = new ArrayList<Sequence>();
        for (Sequence sequence : running) {
            if (sequence.phase == Sequence.Phase.PREFILL) {
                prefill.adopt(sequence.prompt);
            }
        }
        for (Sequence sequence : running) {
            // Whoever follows another asks the tier only for what that one does not bring.
            if (sequence.phase == Sequence.Phase.PREFILL && !follows(sequence) && !sequence.offeredToTier) {
                sequence.offeredToTier = true;
                fetches.add(sequence);
            }
        }
        return new Opening(ended, fetches);
    }

    /** What the model is to compute now, after preempting whom it takes to have the blocks for it. */
    Step plan(long now) {
        var decodes = new ArrayList<Sequence>();
        for (Sequence sequence : List.copyOf(running)) {
            // One that came later in this order may have been preempted for one before it.
            if (sequence.phase == Sequence.Phase.DECODE && sequence.readerReady && hasRoom(sequence, now)) {
                decodes.add(sequence);
            }
        }
        var prefills = new ArrayList<PrefillWork>();
        int budget = options.stepChunks();
        for (Sequence sequence : running) {
            if (budget == 0) {
                break;
            }
            if (sequence.phase != Sequence.Phase.PREFILL
                    || (sequence.continues() && !sequence.readerReady)
                    || follows(sequence)) {
                continue;
            }
            int left = sequence.prompt.tokens.length - sequence.prompt.computed;
            int chunks = Math.min(budget, (left + options.chunkTokens() - 1) / options.chunkTokens());
            prefills.add(new PrefillWork(sequence, chunks));
            budget -= chunks;
        }
        return new Step(prefills, decodes);
    }

    /** The chunks that a step planned are computed. */
    void prefilled(Sequence sequence) {
        if (sequence.prompt.done()) {
            sequence.computed = sequence.prompt.computed;
            sequence.phase = Sequence.Phase.DECODE;
        }
    }

    /** The sequence got a token. */
    void generated(Sequence sequence) {
        waiting.served(sequence, FairQueue.GENERATED_WEIGHT);
    }

    /** The sequence's request is over, for whatever reason. All that it holds is given back. */
    void ended(Sequence sequence) {
        sequence.release();
        sequence.phase = Sequence.Phase.ENDED;
        running.remove(sequence);
        waiting.left(sequence);
    }

    private void check(Sequence sequence, long now, List<Failed> ended) {
        if (sequence.cancelled) {
            ended.add(new Failed(
                    sequence, new KvernException(ErrorReason.CANCELLED, "the caller has cancelled the request")));
        } else if (sequence.task.deadlineNanos().isPresent()
                && now - sequence.task.deadlineNanos().getAsLong() >= 0) {
            ended.add(new Failed(
                    sequence,
                    new KvernException(
                            ErrorReason.DEADLINE_EXCEEDED,
                            "deadline: passed after " + sequence.generated() + " tokens (expected: time for "
                                    + sequence.maxNewTokens + ")")));
        } else if (!sequence.continues() || sequence.readerReady) {
            sequence.stalledSince = -1;
        } else if (sequence.stalledSince < 0) {
            sequence.stalledSince = now;
        } else if (now - sequence.stalledSince > TimeUnit.MILLISECONDS.toNanos(options.stalledReaderMillis())) {
            ended.add(new Failed(
                    sequence,
                    new KvernException(
                            ErrorReason.RESOURCE_EXHAUSTED,
                            "responses: none taken for " + options.stalledReaderMillis()
                                    + " ms (expected: a caller that reads them)")));
        }
    }

    private void admit(long now) {
        while (running.size() < options.maxRunning()) {
            Sequence next = waiting.peek().orElse(null);
            // A block for each running request, so that an admission does not preempt at once. Nobody overtakes
            // one that finds no room: a large prompt would never find it.
            if (next == null
                    || (!prefill.begin(next.prompt, running.size())
                            && !(giveRoom.getAsBoolean() && prefill.begin(next.prompt, running.size())))) {
                return;
            }
            waiting.admitted(next);
            running.add(next);
            long queued = now - (next.admittedAt < 0 ? next.arrivedAt : next.waitingSince);
            if (next.admittedAt < 0) {
                waiting.served(next, next.prompt.tokens.length - next.prompt.computed);
                counters.admitted(queued);
            }
            next.queueNanos += queued;
            next.admittedAt = now;
            next.offeredToTier = false;
            next.phase = Sequence.Phase.PREFILL;
        }
    }

    /** Whether there is a block for the sequence's next token; if it takes those of others they are preempted. */
    private boolean hasRoom(Sequence sequence, long now) {
        while (sequence.computed / options.blockTokens() >= sequence.prompt.table.size()) {
            Optional<List<WritableBlock>> block = pool.acquire(1, sequence.prompt.table.last());
            if (block.isPresent()) {
                sequence.prompt.table.append(block.get());
            } else if (!giveRoom.getAsBoolean()) {
                Sequence last = running.last();
                if (last == running.first()) {
                    // Alone, and yet no block: what has just been offloaded is about to be free.
                    return false;
                }
                preempt(last, now);
                if (last == sequence) {
                    return false;
                }
            }
        }
        return true;
    }

    private void preempt(Sequence sequence, long now) {
        counters.preemptions.increment();
        sequence.release();
        sequence.phase = Sequence.Phase.WAITING;
        sequence.waitingSince = now;
        sequence.stalledSince = -1;
        sequence.shortSince = -1;
        if (sequence.generated() > 0) {
            int[] tokens = sequence.copyTokens(sequence.length());
            sequence.prompt = new Prompt(
                    tokens,
                    keySpace.keys(tokens, sequence.task.salt()),
                    sequence.prompt.readLocal,
                    sequence.prompt.write,
                    options.chunkTokens(),
                    true);
        }
        running.remove(sequence);
        waiting.preempted(sequence);
    }

    /**
     * Whether another request is about to bring the chunk that this one needs next: then it waits and takes it over. One
     * that is fetching follows nobody, and one that is computing only a more urgent one, so they never wait in a circle.
     */
    private boolean follows(Sequence sequence) {
        Prompt prompt = sequence.prompt;
        int next = prompt.computed / options.chunkTokens();
        if (!prompt.readLocal || next >= prompt.reusableChunks) {
            return false;
        }
        boolean before = true;
        for (Sequence other : running) {
            if (other == sequence) {
                before = false;
            } else if (other.prompt.write
                    && (other.phase == Sequence.Phase.PREFILL
                            ? before && !(other.continues() && !other.readerReady)
                            : other.phase == Sequence.Phase.FETCHING && sequence.task.readCluster())
                    && next < other.prompt.keys.chunkKeys().size()
                    && other.prompt.computed / options.chunkTokens() <= next
                    && other.prompt
                            .keys
                            .chunkKeys()
                            .get(next)
                            .equals(prompt.keys.chunkKeys().get(next))) {
                return true;
            }
        }
        return false;
    }
}
