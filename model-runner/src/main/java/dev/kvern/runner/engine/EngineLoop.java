package dev.kvern.runner.engine;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.NotFiniteException;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.OffloadQueue;
import dev.kvern.telemetry.RequestScope;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Does what the {@link Scheduler} decides, a turn at a time: asks the tier, runs the model, passes tokens on. What fails ends
 * the request that it failed for and no other. Confined to the engine's thread, apart from the figures.
 */
final class EngineLoop {
    private static final Logger log = LoggerFactory.getLogger(EngineLoop.class);
    private static final long REST_MILLIS = 1_000;
    private static final long WATCHFUL_REST_MILLIS = 20;

    /** Others on the device come and go; who finds no memory for so long will not find any. */
    private static final long MEMORY_PATIENCE_NANOS = TimeUnit.SECONDS.toNanos(2);

    private static final long MEMORY_RETRY_MILLIS = 2_000;

    private final Transformer model;
    private final KvMemory memory;
    private final Prefill prefill;
    private final TierFetching fetching;
    private final GeneratedSharing sharing;
    private final Scheduler scheduler;
    private final EngineCounters counters;
    private final DrainRate drained;
    private final EnginePulse pulse;
    private final LongSupplier nanoTime;
    private final int vocabulary;
    private final int queue;

    /** One request's logits in a batch's. */
    private final float[] row;

    private final StepLimit rowsAtOnce = new StepLimit();

    /** Of this turn's requests, those that found no memory. */
    private int starved;

    /** Of those that were reported. */
    private int smallestFailedBatch = Integer.MAX_VALUE;

    private volatile int waitingCount;
    private volatile int runningCount;
    private volatile long prefillTokens;

    /** Waiting requests of each tenant; not kept while the queue is less than half full. */
    private volatile Map<String, Integer> waitingByTenant = Map.of();

    EngineLoop(
            Transformer model,
            KvMemory memory,
            BlockPool pool,
            CacheTier tier,
            OffloadQueue offload,
            KeySpace keySpace,
            EngineOptions options,
            FetchPlanner planner,
            EngineCounters counters,
            DrainRate drained,
            EnginePulse pulse,
            LongSupplier nanoTime) {
        this.model = model;
        this.memory = memory;
        this.counters = counters;
        this.drained = drained;
        this.pulse = pulse;
        this.nanoTime = nanoTime;
        this.prefill = new Prefill(model, memory, pool, offload, options, planner, counters, nanoTime);
        this.fetching = new TierFetching(tier, memory, prefill, planner, options, pulse, nanoTime);
        this.sharing = new GeneratedSharing(prefill, keySpace, options);
        this.scheduler = new Scheduler(pool, prefill, keySpace, options, counters, sharing::release);
        this.queue = options.queue();
        this.vocabulary = model.spec().vocabularySize();
        this.row = new float[vocabulary];
    }

    Scheduler scheduler() {
        return scheduler;
    }

    int waiting() {
        return waitingCount;
    }

    /** Of these, those of a tenant; 0 while the queue is less than half full. */
    int waiting(String salt) {
        return waitingByTenant.getOrDefault(salt, 0);
    }

    int running() {
        return runningCount;
    }

    /** Prompt tokens of accepted requests that are not there yet. */
    long prefillTokens() {
        return prefillTokens;
    }

    void add(Sequence sequence) {
        scheduler.arrived(sequence);
        measure();
    }

    /** Does a piece of work; false if there was none to do. */
    boolean turn() {
        // Preempted ones may go on in this very turn.
        scheduler.waiting().forEach(sequence -> sequence.readerReady = sequence.stream.ready());
        for (Sequence sequence : List.copyOf(scheduler.running())) {
            sequence.readerReady = sequence.stream.ready();
            if (sequence.phase == Sequence.Phase.FETCHING) {
                guarded(sequence, () -> {
                    if (fetching.finish(sequence)) {
                        scheduler.fetched(sequence);
                    }
                    sequence.reportProgress();
                });
            }
        }
        long now = nanoTime.getAsLong();
        int before = scheduler.waiting().size();
        Opening opening = scheduler.open(now);
        int after = scheduler.waiting().size();
        if (after < before) {
            drained.left(now, before - after, after);
        }
        opening.ended().forEach(failed -> tell(failed.sequence(), failed.why()));
        for (Sequence sequence : opening.fetches()) {
            guarded(sequence, () -> {
                if (fetching.start(sequence)) {
                    scheduler.fetching(sequence);
                }
                sequence.reportProgress();
            });
        }
        measure();
        Step step = scheduler.plan(now);
        starved = 0;
        step.prefills().forEach(work -> guarded(work.sequence(), () -> prefill(work)));
        decode(step.decodes());
        // Where nobody found memory, trying again at once would find none either.
        boolean worked = starved < step.prefills().size() + step.decodes().size();
        if (step.isEmpty() && scheduler.idle()) {
            worked = share();
        }
        measure();
        return worked;
    }

    /** How long there is nothing to do, unless someone wakes the engine. */
    long restMillis() {
        // Deadlines and stalled readers do not wake anyone.
        return scheduler.idle() ? REST_MILLIS : WATCHFUL_REST_MILLIS;
    }

    void failAll(KvernException failure) {
        sharing.release();
        var all = new ArrayList<>(scheduler.running());
        scheduler.waiting().forEach(all::add);
        all.forEach(sequence -> fail(sequence, failure));
        measure();
    }

    private void measure() {
        long tokens = scheduler.waiting().promptTokens();
        // Not those in the queue: they may wait for blocks that storing gives back.
        boolean someonePrefills = false;
        boolean someoneDecodes = false;
        for (Sequence sequence : scheduler.running()) {
            tokens += Math.max(0, sequence.prompt.tokens.length - sequence.prompt.computed);
            boolean decodes = sequence.phase == Sequence.Phase.DECODE;
            someonePrefills |= !decodes;
            someoneDecodes |= decodes;
        }
        waitingCount = scheduler.waiting().size();
        waitingByTenant =
                waitingCount < queue / 2 ? Map.of() : scheduler.waiting().sizes();
        runningCount = scheduler.running().size();
        prefillTokens = tokens;
        pulse.computing(someonePrefills, someoneDecodes);
    }

    private boolean share() {
        try {
            return sharing.step();
        } catch (NotFiniteException | OutOfDeviceMemoryException e) {
            log.warn("a finished request's tokens are not shared: {}", e.getMessage());
            sharing.release();
            return true;
        } catch (RuntimeException e) {
            log.error("computing a finished request's tokens for others failed", e);
            sharing.release();
            return true;
        }
    }

    private void prefill(Step.PrefillWork work) {
        Sequence sequence = work.sequence();
        if (sequence.cancelled) {
            return;
        }
        Prompt prompt = sequence.prompt;
        boolean first = sequence.generated() == 0;
        int before = prompt.computed;
        long begin = nanoTime.getAsLong();
        float[] logits;
        try {
            logits = prefill.step(prompt, work.chunks(), true);
        } catch (OutOfDeviceMemoryException e) {
            awaitMemory(sequence, e);
            return;
        }
        sequence.shortSince = -1;
        counters.prefilled(prompt.computed - before, nanoTime.getAsLong() - begin);
        if (!first) {
            counters.recomputed.add(prompt.computed - before);
        }
        scheduler.prefilled(sequence);
        sequence.reportProgress();
        if (prompt.done()) {
            choose(sequence, logits);
            if (first) {
                // After the first token is on its way.
                prefill.offload(prompt);
            }
            finishIfComplete(sequence);
        }
    }

    private void decode(List<Sequence> planned) {
        List<Sequence> batch = planned.stream()
                .filter(sequence -> sequence.phase == Sequence.Phase.DECODE && !sequence.cancelled)
                .toList();
        int done = 0;
        while (done < batch.size()) {
            int rows = rowsAtOnce.of(batch.size() - done);
            decodeTogether(batch.subList(done, done + rows));
            done += rows;
        }
    }

    private void decodeTogether(List<Sequence> batch) {
        float[] logits;
        try {
            logits =
                    model.decode(memory, batch.stream().map(EngineLoop::nextRow).toList());
        } catch (RuntimeException e) {
            if (e instanceof OutOfDeviceMemoryException) {
                rowsAtOnce.failed(batch.size());
                counters.shortages.increment();
            }
            if (batch.size() == 1) {
                if (e instanceof OutOfDeviceMemoryException shortage) {
                    awaitMemory(batch.get(0), shortage);
                } else {
                    fail(batch.get(0), e);
                }
                return;
            }
            // Whoever it was for, or whatever was too large, the others' tokens can still be had. Writing a row's
            // keys and values again does no harm.
            if (batch.size() < smallestFailedBatch) {
                smallestFailedBatch = batch.size();
                log.warn("a batch of {} failed, batches of that size are halved: {}", batch.size(), e.toString());
            }
            decodeTogether(batch.subList(0, batch.size() / 2));
            decodeTogether(batch.subList(batch.size() / 2, batch.size()));
            return;
        }
        rowsAtOnce.succeeded(batch.size());
        counters.decoded(batch.size());
        for (int i = 0; i < batch.size(); i++) {
            Sequence sequence = batch.get(i);
            int from = i * vocabulary;
            sequence.shortSince = -1;
            guarded(sequence, () -> {
                NotFiniteException.requireFinite(logits, from, vocabulary, sequence.computed);
                System.arraycopy(logits, from, row, 0, vocabulary);
                sequence.computed++;
                choose(sequence, row);
                finishIfComplete(sequence);
            });
        }
    }

    private static DecodeRow nextRow(Sequence sequence) {
        return new DecodeRow(sequence.prompt.table.indices(), sequence.computed, sequence.token(sequence.computed));
    }

    private void choose(Sequence sequence, float[] logits) {
        TokenStream.Choice choice = sequence.stream.next(logits);
        sequence.append(choice.token());
        counters.generated.increment();
        scheduler.generated(sequence);
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

    private void finishIfComplete(Sequence sequence) {
        Ending ending = sequence.ending;
        if (ending == null) {
            return;
        }
        Usage usage = sequence.usage();
        counters.finished.increment();
        sharing.offer(sequence);
        scheduler.ended(sequence);
        sequence.stream.finished(ending, usage);
    }

    /** Runs a step; what it throws ends this request and no other. */
    private void guarded(Sequence sequence, Runnable step) {
        try {
            RequestScope.run(sequence.task.context(), step);
        } catch (RuntimeException e) {
            fail(sequence, e);
        }
    }

    /** A request's smallest step found no memory: it keeps what it has and tries again in later turns, for a while. */
    private void awaitMemory(Sequence sequence, OutOfDeviceMemoryException why) {
        starved++;
        long now = nanoTime.getAsLong();
        if (sequence.shortSince < 0) {
            sequence.shortSince = now;
        } else if (now - sequence.shortSince >= MEMORY_PATIENCE_NANOS) {
            fail(
                    sequence,
                    KvernException.exhausted(
                            "device memory: none for " + TimeUnit.NANOSECONDS.toMillis(now - sequence.shortSince)
                                    + " ms for one more step of a request with " + sequence.length() + " tokens: "
                                    + why.getMessage()
                                    + " (expected: room beside the weights and the KV pool; a smaller kv.pool_bytes leaves more)",
                            MEMORY_RETRY_MILLIS));
        }
    }

    private void fail(Sequence sequence, RuntimeException why) {
        RequestScope.run(sequence.task.context(), () -> failInScope(sequence, why));
    }

    private void failInScope(Sequence sequence, RuntimeException why) {
        if (sequence.phase == Sequence.Phase.ENDED) {
            log.warn("the request's stream failed at the end: {}", why.toString());
            return;
        }
        if (why instanceof NotFiniteException) {
            prefill.clear(sequence.prompt);
        }
        scheduler.ended(sequence);
        if (why instanceof KvernException failure) {
            tell(sequence, failure);
        } else if (why instanceof NotFiniteException broken) {
            counters.notFinite.increment();
            String message = "model " + model.spec().label() + ": " + broken.getMessage()
                    + " (expected: finite numbers; its weights are broken, or its numbers too large for its compute type)";
            log.error("{}", message);
            tell(sequence, new KvernException(ErrorReason.INTERNAL, message, broken));
        } else {
            log.error("the request failed", why);
            tell(sequence, new KvernException(ErrorReason.INTERNAL, "internal error: " + why, why));
        }
    }

    private void tell(Sequence sequence, KvernException failure) {
        counters.failed.increment();
        RequestScope.run(sequence.task.context(), () -> {
            try {
                sequence.stream.failed(failure);
            } catch (RuntimeException e) {
                log.warn("the request could not be told that it failed: {}", e.toString());
            }
        });
    }
}
