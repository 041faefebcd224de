package dev.kvern.runner.engine;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.OffloadQueue;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Serves generations with one model. One thread of its own does all the work, in turns of an {@link EngineLoop}; requests wait
 * in a bounded queue until it takes them. Safe for use by several threads; what waits is guarded by this.
 */
public final class Engine implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Engine.class);

    private final EngineOptions options;
    private final RequestLimits limits;
    private final KeySpace keySpace;
    private final BlockPool pool;
    private final EnginePulse pulse;
    private final EngineCounters counters = new EngineCounters();
    private final DrainRate drained = new DrainRate();
    private final EngineLoop loop;
    private final LongSupplier nanoTime;
    private final Runnable onDeath;
    private final Thread thread;

    private final Deque<Sequence> inbox = new ArrayDeque<>();
    private long accepted;

    /** Nothing is left to do, as the engine's thread has found; guarded by this. */
    private boolean idle = true;

    /** Why no further request is taken; null while they are. */
    private @Nullable KvernException closed;

    /**
     * Starts the thread.
     *
     * @param model used by this engine alone
     * @param memory of the model, with as many blocks as {@code pool}
     * @param planner decides what is fetched and what computed
     * @param pulse wakes the engine; shared with whoever changes what it waits for
     * @param nanoTime the clock of deadlines and figures
     * @param onDeath called if the engine's thread ends by a defect: nothing is served any more
     */
    public Engine(
            Transformer model,
            KvMemory memory,
            BlockPool pool,
            CacheTier tier,
            OffloadQueue offload,
            FetchPlanner planner,
            EngineOptions options,
            EnginePulse pulse,
            LongSupplier nanoTime,
            Runnable onDeath) {
        this.options = options;
        this.limits =
                new RequestLimits(model.spec().contextTokens(), model.spec().vocabularySize());
        this.keySpace = new KeySpace(model.spec(), options.blockTokens(), options.chunkTokens());
        this.pool = pool;
        this.pulse = pulse;
        this.nanoTime = nanoTime;
        this.onDeath = onDeath;
        this.loop = new EngineLoop(
                model, memory, pool, tier, offload, keySpace, options, planner, counters, drained, pulse, nanoTime);
        this.thread = new Thread(this::run, "kvern-engine");
        thread.start();
    }

    /** Names token sequences as this engine does. */
    public KeySpace keySpace() {
        return keySpace;
    }

    /**
     * Takes a request.
     *
     * @param stream gets the tokens, on the engine's thread
     * @throws KvernException INVALID_ARGUMENT for a prompt or a number of tokens that cannot be, RESOURCE_EXHAUSTED, with a hint
     *     when to try again, if the queue is full, UNAVAILABLE if the engine is stopping
     */
    public Ticket submit(GenerationTask task, TokenStream stream) {
        int maxNewTokens = limits.maxNewTokens(task.prompt(), task.maxTokens());
        int needed = blocks(task.prompt().length + maxNewTokens);
        if (needed > pool.capacity()) {
            throw KvernException.invalid(
                    "max_tokens",
                    maxNewTokens,
                    "prompt and completion within the runner's KV pool of " + pool.capacity() * options.blockTokens()
                            + " tokens; the prompt has " + task.prompt().length);
        }
        var prompt = new Prompt(
                task.prompt(),
                keySpace.keys(task.prompt(), task.salt()),
                task.readLocal(),
                task.write(),
                options.chunkTokens(),
                true);
        Sequence sequence;
        synchronized (this) {
            if (closed != null) {
                throw closed;
            }
            long now = nanoTime.getAsLong();
            requirePlace(task.salt(), now);
            drained.joined(now);
            long ageing = TimeUnit.MILLISECONDS.toNanos(options.ageingMillis());
            sequence = new Sequence(task, stream, prompt, accepted++, maxNewTokens, now, ageing);
            inbox.add(sequence);
            idle = false;
        }
        pulse.wake();
        return () -> {
            sequence.cancelled = true;
            pulse.wake();
        };
    }

    /** The state now. */
    public EngineLoad load() {
        int waitingInInbox;
        long tokensInInbox = 0;
        synchronized (this) {
            waitingInInbox = inbox.size();
            for (Sequence sequence : inbox) {
                tokensInInbox += sequence.prompt.tokens.length;
            }
        }
        return counters.load(loop.running(), loop.waiting() + waitingInInbox, loop.prefillTokens() + tokensInInbox);
    }

    /** Takes no further requests; those accepted go on. */
    public void drain() {
        refuse("the runner is stopping");
    }

    /**
     * Waits until nothing is left to do: no request, and no finished request's tokens to compute for others.
     *
     * @return false if the time is over first
     */
    public synchronized boolean awaitIdle(Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!idle) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    /** Ends every request with UNAVAILABLE and stops the thread. */
    @Override
    public void close() {
        drain();
        thread.interrupt();
        Uninterruptibles.joinUninterruptibly(thread);
    }

    /** Guarded by this. */
    private void requirePlace(String salt, long now) {
        int queued = inbox.size() + loop.waiting();
        if (queued < options.queue()) {
            return;
        }
        if (queued < options.queue() + options.reserve()) {
            int own = loop.waiting(salt);
            for (Sequence sequence : inbox) {
                own += sequence.task.salt().equals(salt) ? 1 : 0;
            }
            if (own < options.reserveShare()) {
                return;
            }
        }
        counters.refused.increment();
        long retryAfterMillis = drained.retryAfterMillis(now, queued);
        throw KvernException.exhausted(
                "request queue: " + queued + " wait (expected: fewer than " + options.queue() + "; try again in about "
                        + retryAfterMillis + " ms, or add runners)",
                retryAfterMillis);
    }

    private synchronized void refuse(String why) {
        if (closed == null) {
            closed = new KvernException(ErrorReason.UNAVAILABLE, why + " (expected: another runner)");
        }
    }

    private int blocks(int tokens) {
        return (tokens + options.blockTokens() - 1) / options.blockTokens();
    }

    private void run() {
        String end = "the runner is stopping";
        try {
            while (!Thread.currentThread().isInterrupted()) {
                takeInbox();
                if (!loop.turn()) {
                    noteIdle();
                    pulse.await(loop.restMillis());
                }
            }
        } catch (InterruptedException e) {
            // Closing.
        } catch (RuntimeException | Error e) {
            log.error("the engine's thread ended by a defect", e);
            end = "the runner's engine has failed";
            refuse(end);
            onDeath.run();
        } finally {
            refuse(end);
            takeInbox();
            loop.failAll(new KvernException(ErrorReason.UNAVAILABLE, end));
            noteIdle();
        }
    }

    private synchronized void noteIdle() {
        if (inbox.isEmpty() && loop.running() == 0 && loop.waiting() == 0) {
            idle = true;
            notifyAll();
        }
    }

    private void takeInbox() {
        List<Sequence> arrived;
        synchronized (this) {
            arrived = new ArrayList<>(inbox);
            inbox.clear();
            arrived.forEach(loop::add);
        }
    }
}
