package dev.kvern.runner.tier;

import com.google.common.util.concurrent.Uninterruptibles;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries complete chunks to the tier in the background. Blocks stay pinned while they wait, and are copied only when they
 * are sent; those that were evicted before they were stored are copied at once. Bounded in bytes: what does not fit is dropped
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
    private final Deque<List<OffloadCargo>> queue = new ArrayDeque<>();
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
        this.tier = tier;
        this.memory = memory;
        this.options = options;
        this.nanoTime = nanoTime;
        this.activity = activity;
        this.pace = new OffloadPace(options.sharePercent());
        this.onRelease = onRelease;
        this.stored = new StoredKeys(TimeUnit.MILLISECONDS.toNanos(options.recheckMillis()));
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
                queue.add(List.copyOf(accepted.subList(from, Math.min(accepted.size(), from + options.batchChunks()))));
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
                    queue.add(List.of(cargo));
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

    /** Drops what waits and stops the thread. */
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
        @Nullable List<OffloadCargo> batch = null;
        try {
            while (true) {
                batch = take();
                if (batch == null) {
                    return;
                }
                long sent = 0;
                try {
                    yieldToPrefill();
                    long begin = System.nanoTime();
                    send(batch);
                    sent = System.nanoTime() - begin;
                } catch (RuntimeException e) {
                    log.error("offloading {} chunks failed", batch.size(), e);
                    count(0, 0, batch.size(), List.of());
                } finally {
                    done(batch);
                }
                yieldToDecode(pace.pauseNanos(sent));
            }
        } catch (InterruptedException e) {
            // Closing.
        } finally {
            drain();
        }
    }

    private synchronized @Nullable List<OffloadCargo> take() throws InterruptedException {
        while (queue.isEmpty() && !closed) {
            wait();
        }
        if (closed) {
            return null;
        }
        List<OffloadCargo> batch = queue.remove();
        int most = pace.batchChunks(options.batchChunks(), activity.decoding());
        if (batch.size() > most) {
            queue.addFirst(batch.subList(most, batch.size()));
            batch = batch.subList(0, most);
        }
        return batch;
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

    private void send(List<OffloadCargo> batch) {
        tier.keep(batch);
        OptionalInt matched = tier.match(batch.stream().map(OffloadCargo::key).toList());
        if (matched.isEmpty()) {
            count(0, 0, batch.size(), List.of());
            return;
        }
        List<OffloadCargo> known = batch.subList(0, matched.getAsInt());
        List<OffloadCargo> missing = batch.subList(matched.getAsInt(), batch.size());
        count(0, known.size(), 0, known);
        if (missing.isEmpty()) {
            return;
        }
        PutOutcome outcome = tier.put(missing);
        if (outcome instanceof PutOutcome.Stored put) {
            count(put.stored(), put.alreadyStored(), 0, missing);
        } else if (outcome instanceof PutOutcome.Rejected full) {
            count(full.stored(), full.alreadyStored(), 0, List.of());
            countRejected(full.rejected());
        } else {
            count(0, 0, missing.size(), List.of());
        }
    }

    private synchronized void count(int newlyStored, int wereThere, int notStored, List<OffloadCargo> nowThere) {
        offloaded += newlyStored;
        alreadyStored += wereThere;
        failed += notStored;
        nowThere.forEach(chunk -> stored.add(chunk.key(), nanoTime.getAsLong()));
    }

    private synchronized void countRejected(int chunks) {
        rejected += chunks;
    }

    private void done(List<OffloadCargo> batch) {
        batch.forEach(OffloadCargo::release);
        // Before anybody who waits for the last of it may go on.
        onRelease.run();
        synchronized (this) {
            for (OffloadCargo cargo : batch) {
                forget(cargo.key(), cargo.bytes(), cargo instanceof OffloadCargo.Staged);
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
            List<OffloadCargo> batch;
            synchronized (this) {
                closed = true;
                batch = queue.poll();
            }
            if (batch == null) {
                return;
            }
            done(batch);
        }
    }
}
