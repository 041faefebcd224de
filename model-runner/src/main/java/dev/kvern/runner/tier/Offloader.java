package dev.kvern.runner.tier;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.telemetry.RequestScope;
import dev.kvern.telemetry.SpanAttributes;
import dev.kvern.telemetry.Telemetry;
import io.grpc.Context;
import io.opentelemetry.api.trace.Span;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.IntPredicate;
import java.util.function.LongSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries complete chunks to the tier in the background. Blocks stay pinned while they wait, and are copied only when they
 * are sent; those that were evicted before they were stored are copied at once, and those that a node failed to store are copied
 * and offered again. Bounded in bytes: what does not fit is dropped
 * and counted, together with the rest of its chain, which would be of no use without it. A key is never on its way twice.
 *
 * <p>Safe for use by several threads; guarded by this. One thread of its own does the sending.
 */
public final class Offloader implements OffloadQueue, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Offloader.class);
    private static final long YIELD_STEP_MILLIS = 2;
    private static final long PAUSE_STEP_MILLIS = 10;

    private final CacheTier tier;
    private final KvMemory memory;
    private final OffloadOptions options;
    private final LongSupplier nanoTime;
    private final ComputeActivity activity;
    private final OffloadPace pace;
    private final Runnable onRelease;
    private final Telemetry telemetry;
    private final Deque<OffloadBatch> queue = new ArrayDeque<>();
    private final OffloadRetries retries;
    private final Set<BlockKey> pending = new HashSet<>();
    private final StoredKeys stored;
    private final Thread thread;
    private boolean closed;
    private long pendingBytes;
    private long stagedBytes;
    private long offloaded;
    private long alreadyStored;
    private long dropped;
    private long failed;
    private long rejected;

    /**
     * Starts the thread.
     *
     * @param activity what storing has to give way to
     * @param onRelease called, on the offloader's thread, after blocks were unpinned
     */
    public Offloader(
            CacheTier tier,
            KvMemory memory,
            OffloadOptions options,
            LongSupplier nanoTime,
            ComputeActivity activity,
            Runnable onRelease) {
        this(tier, memory, options, nanoTime, activity, onRelease, Telemetry.off());
    }

    /** The same with spans. */
    public Offloader(
            CacheTier tier,
            KvMemory memory,
            OffloadOptions options,
            LongSupplier nanoTime,
            ComputeActivity activity,
            Runnable onRelease,
            Telemetry telemetry) {
        this.tier = tier;
        this.memory = memory;
        this.options = options;
        this.nanoTime = nanoTime;
        this.activity = activity;
        this.pace = new OffloadPace(options.sharePercent());
        this.onRelease = onRelease;
        this.telemetry = telemetry;
        this.stored = new StoredKeys(TimeUnit.MILLISECONDS.toNanos(options.recheckMillis()));
        this.retries = new OffloadRetries(TimeUnit.MILLISECONDS.toNanos(options.retryMillis()));
        this.thread = new Thread(this::run, "kvern-offload");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        thread.start();
    }

    @Override
    public synchronized boolean wants(BlockKey key) {
        return !closed && !pending.contains(key) && !stored.contains(key, nanoTime.getAsLong());
    }

    @Override
    public void offer(List<OffloadChunk> chain) {
        var refused = new ArrayList<OffloadChunk>();
        synchronized (this) {
            var accepted = new ArrayList<OffloadCargo>();
            boolean full = false;
            for (OffloadChunk chunk : chain) {
                var cargo = new OffloadCargo.Pinned(chunk, memory);
                if (!wants(chunk.key())) {
                    refused.add(chunk);
                } else if (full || pendingBytes + cargo.bytes() > options.queueBytes()) {
                    full = true;
                    dropped++;
                    refused.add(chunk);
                } else {
                    pending.add(chunk.key());
                    pendingBytes += cargo.bytes();
                    accepted.add(cargo);
                }
            }
            for (int from = 0; from < accepted.size(); from += options.batchChunks()) {
                queue.add(new OffloadBatch(
                        accepted.subList(from, Math.min(accepted.size(), from + options.batchChunks())),
                        0,
                        Context.current()));
            }
            notifyAll();
        }
        refused.forEach(OffloadChunk::release);
    }

    /**
     * Takes a copy of a chunk whose blocks are about to be used again, and sends that. Never waits.
     *
     * @param bytes the chunk's size
     * @param copy writes that many
     * @return false if it is not wanted, or there is no room for a copy
     */
    boolean stage(
            BlockKey key,
            Optional<BlockKey> parent,
            int tokens,
            BlockLabels labels,
            int bytes,
            Consumer<ByteBuffer> copy) {
        synchronized (this) {
            if (!wants(key)) {
                return false;
            }
            if (stagedBytes + bytes > options.stagingBytes()) {
                dropped++;
                return false;
            }
            stagedBytes += bytes;
            pendingBytes += bytes;
            pending.add(key);
        }
        OffloadCargo.@Nullable Staged cargo = null;
        try {
            var payload = ByteBuffer.allocate(bytes);
            copy.accept(payload);
            cargo = new OffloadCargo.Staged(key, parent, tokens, labels, payload.array());
        } finally {
            synchronized (this) {
                if (cargo == null) {
                    forget(key, bytes, true);
                } else {
                    queue.add(new OffloadBatch(List.of(cargo), 0, Context.current()));
                    notifyAll();
                }
            }
        }
        return true;
    }

    @Override
    public synchronized void stored(List<BlockKey> keys) {
        keys.forEach(key -> stored.add(key, nanoTime.getAsLong()));
    }

    @Override
    public synchronized void lost(List<BlockKey> keys) {
        keys.forEach(stored::remove);
    }

    public synchronized OffloadStats stats() {
        return new OffloadStats(offloaded, alreadyStored, dropped, failed, rejected, pendingBytes);
    }

    /** Waits until nothing is pending; false if the time is over first. */
    public synchronized boolean awaitIdle(Duration timeout) throws InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        while (!pending.isEmpty()) {
            long left = deadline - System.nanoTime();
            if (left <= 0) {
                return false;
            }
            TimeUnit.NANOSECONDS.timedWait(this, left);
        }
        return true;
    }

    /** Drops what waits, counts it, and stops the thread. */
    @Override
    public void close() {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        thread.interrupt();
        Uninterruptibles.joinUninterruptibly(thread);
    }

    private void run() {
        try {
            while (true) {
                OffloadBatch batch = take();
                if (batch == null) {
                    return;
                }
                yieldToDecode(pace.pauseNanos(process(batch)));
            }
        } catch (InterruptedException e) {
            // Closing.
        } finally {
            drain();
        }
    }

    /** Sends a batch and lets go of it; how long sending took. */
    private long process(OffloadBatch batch) throws InterruptedException {
        Unstored unstored = Unstored.NOTHING;
        try {
            yieldToPrefill();
            long begin = System.nanoTime();
            unstored = send(batch);
            return System.nanoTime() - begin;
        } catch (InterruptedException e) {
            countDropped(batch);
            throw e;
        } catch (RuntimeException | OutOfMemoryError e) {
            // Nobody else would send the chunks that follow: a shortage of direct memory passes.
            RequestScope.run(
                    batch.request(),
                    () -> log.error(
                            "offloading {} chunks failed", batch.chunks().size(), e));
            unstored = new Unstored(batch.chunks().size(), List.of());
            return 0;
        } finally {
            done(batch, unstored);
        }
    }

    private synchronized @Nullable OffloadBatch take() throws InterruptedException {
        while (!closed) {
            Optional<OffloadBatch> late = retries.due(nanoTime.getAsLong());
            OffloadBatch batch = late.isPresent() ? late.get() : queue.poll();
            if (batch != null) {
                int most = pace.batchChunks(options.batchChunks(), activity.decoding());
                int size = batch.chunks().size();
                if (size <= most) {
                    return batch;
                }
                queue.addFirst(batch.part(most, size));
                return batch.part(0, most);
            }
            OptionalLong left = retries.nanosUntilDue(nanoTime.getAsLong());
            if (left.isPresent()) {
                TimeUnit.NANOSECONDS.timedWait(this, left.getAsLong());
            } else {
                wait();
            }
        }
        return null;
    }

    /** A batch waits a little for prefills to end: copying and sending take the memory bandwidth that they need. */
    private void yieldToPrefill() throws InterruptedException {
        long until = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(options.yieldMillis());
        while (activity.prefilling() && System.nanoTime() - until < 0) {
            Thread.sleep(YIELD_STEP_MILLIS);
        }
    }

    /** Leaves cores and memory to the answers under way; not longer than there are any. */
    private void yieldToDecode(long nanos) throws InterruptedException {
        long until = System.nanoTime() + nanos;
        while (activity.decoding() && System.nanoTime() - until < 0) {
            Thread.sleep(PAUSE_STEP_MILLIS);
        }
    }

    private Unstored send(OffloadBatch batch) {
        // Nobody waits for it: not part of the request's trace, but of one that names it.
        Span span = telemetry.beginLinked("kvern.offload", batch.request());
        span.setAttribute(SpanAttributes.CHUNKS, batch.chunks().size());
        span.setAttribute(SpanAttributes.BYTES, batch.bytes());
        try {
            return RequestScope.call(Telemetry.within(batch.request(), span), () -> store(batch));
        } finally {
            span.end();
        }
    }

    /** Stores what the tier lacks of a batch. */
    private Unstored store(OffloadBatch batch) {
        List<OffloadCargo> chunks = batch.chunks();
        tier.keep(chunks);
        // What nobody knows of is offered: at worst it is there already.
        int matched =
                tier.match(chunks.stream().map(OffloadCargo::key).toList()).orElse(0);
        List<OffloadCargo> known = chunks.subList(0, matched);
        List<OffloadCargo> missing = chunks.subList(matched, chunks.size());
        count(0, known.size(), known);
        if (missing.isEmpty()) {
            return Unstored.NOTHING;
        }
        PutOutcome outcome = tier.put(missing);
        if (outcome instanceof PutOutcome.Stored put) {
            count(put.stored(), put.alreadyStored(), missing);
        } else if (outcome instanceof PutOutcome.Rejected full) {
            count(full.stored(), full.alreadyStored(), List.of());
            countRejected(full.rejected());
        } else if (outcome instanceof PutOutcome.Failed failure) {
            List<OffloadCargo> left = at(missing, failure.left()::contains);
            // Of those that were refused nobody says which they are.
            List<OffloadCargo> there = failure.rejected() == 0
                    ? at(missing, place -> !failure.left().contains(place))
                    : List.of();
            count(failure.stored(), failure.alreadyStored(), there);
            countRejected(failure.rejected());
            boolean worthwhile = OffloadRetries.worth(failure.reason(), batch.offers() + 1);
            return new Unstored(left.size(), worthwhile ? copies(left) : List.of());
        }
        return Unstored.NOTHING;
    }

    private static List<OffloadCargo> at(List<OffloadCargo> chunks, IntPredicate which) {
        return IntStream.range(0, chunks.size())
                .filter(which)
                .mapToObj(chunks::get)
                .toList();
    }

    /** Copies of leading chunks, as many as there is room for: their blocks are not held up by a node that failed. */
    private List<OffloadCargo> copies(List<OffloadCargo> chunks) {
        var copies = new ArrayList<OffloadCargo>();
        for (OffloadCargo chunk : chunks) {
            if (chunk instanceof OffloadCargo.Staged) {
                copies.add(chunk);
                continue;
            }
            synchronized (this) {
                if (closed || stagedBytes + chunk.bytes() > options.stagingBytes()) {
                    return copies;
                }
                stagedBytes += chunk.bytes();
            }
            try {
                var payload = ByteBuffer.allocate(chunk.bytes());
                chunk.copyTo(payload);
                copies.add(new OffloadCargo.Staged(
                        chunk.key(), chunk.parent(), chunk.tokens(), chunk.labels(), payload.array()));
            } catch (RuntimeException | OutOfMemoryError e) {
                log.warn("a chunk that was not stored cannot be copied: {}", e.toString());
                synchronized (this) {
                    stagedBytes -= chunk.bytes();
                }
                return copies;
            }
        }
        return copies;
    }

    private synchronized void count(int newlyStored, int wereThere, List<OffloadCargo> nowThere) {
        offloaded += newlyStored;
        alreadyStored += wereThere;
        nowThere.forEach(chunk -> stored.add(chunk.key(), nanoTime.getAsLong()));
    }

    private synchronized void countDropped(OffloadBatch batch) {
        dropped += batch.chunks().size();
    }

    private synchronized void countRejected(int chunks) {
        rejected += chunks;
    }

    /** Failures are counted together with what becomes of them, so that nobody sees a failure whose next offer has no time yet. */
    private void done(OffloadBatch batch, Unstored unstored) {
        batch.chunks().forEach(OffloadCargo::release);
        // Before anybody who waits for the last of it may go on.
        onRelease.run();
        List<OffloadCargo> again = unstored.again();
        Set<BlockKey> kept = again.stream().map(OffloadCargo::key).collect(Collectors.toSet());
        synchronized (this) {
            failed += unstored.failed();
            for (OffloadCargo cargo : batch.chunks()) {
                if (!kept.contains(cargo.key())) {
                    forget(cargo.key(), cargo.bytes(), cargo instanceof OffloadCargo.Staged);
                }
            }
            if (!again.isEmpty()) {
                retries.add(batch.again(again), nanoTime.getAsLong());
            }
        }
    }

    private synchronized void forget(BlockKey key, long bytes, boolean staged) {
        pending.remove(key);
        pendingBytes -= bytes;
        stagedBytes -= staged ? bytes : 0;
        notifyAll();
    }

    private void drain() {
        while (true) {
            OffloadBatch batch;
            synchronized (this) {
                closed = true;
                batch = queue.isEmpty() ? retries.poll().orElse(null) : queue.poll();
            }
            if (batch == null) {
                return;
            }
            countDropped(batch);
            done(batch, Unstored.NOTHING);
        }
    }

    /**
     * What a node failed to store.
     *
     * @param failed how many chunks
     * @param again what of them stays on its way, as copies
     */
    private record Unstored(int failed, List<OffloadCargo> again) {
        static final Unstored NOTHING = new Unstored(0, List.of());
    }
}
