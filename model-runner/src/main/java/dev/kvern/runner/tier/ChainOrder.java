package dev.kvern.runner.tier;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands a fetch's chunks to its sink in the chain's order, whichever streams they come by, and says how far ahead of that streams
 * may receive: of the chunks between the next one and {@code window} places on, and of no others, there are buffers. The next one
 * always has a place there, so that streams which wait never wait for each other. Safe for use by several threads; what is known
 * of chunks is guarded by this, the sink is called by one thread at a time under a lock of its own, so that streams go on
 * receiving meanwhile.
 */
final class ChainOrder {
    private static final Logger log = LoggerFactory.getLogger(ChainOrder.class);

    private final ChunkSink sink;
    private final Runnable onDelivered;
    private final ChunkBuffers buffers;
    private final int chunkBytes;
    private final int window;
    private final ReentrantLock sinkInUse = new ReentrantLock();
    private final Map<Integer, ByteBuffer> waiting = new HashMap<>();
    private int delivered;
    private int end;
    private boolean closed;

    /** What a stream may do next. */
    enum Leave {
        /** Receive into the buffer that it was given. */
        RECEIVE,
        /** Wait: the chunk is too far ahead, or there is no memory for it while others before it have some. */
        WAIT,
        /** End: the chunk is of no use any more. */
        UNWANTED
    }

    /** What became of a chunk handed over. */
    enum Taken {
        /** It is at the sink, and so may be others that waited for it. */
        DELIVERED,
        /** It waits for those before it, or is of no use any more. */
        KEPT,
        /** The sink would not take it, or one before it. */
        REFUSED
    }

    /**
     * @param chunks how many are wanted
     * @param window how many may be held at a time, at least 1
     * @param onDelivered told after each chunk: streams that wait may go on
     */
    ChainOrder(int chunks, int window, ChunkSink sink, Runnable onDelivered, ChunkBuffers buffers, int chunkBytes) {
        this.end = chunks;
        this.window = window;
        this.sink = sink;
        this.onDelivered = onDelivered;
        this.buffers = buffers;
        this.chunkBytes = chunkBytes;
    }

    /** Whether a chunk may be received now; {@link Leave#RECEIVE} is to be followed by {@link #buffer}. */
    synchronized Leave leave(int place) {
        if (closed || place >= end) {
            return Leave.UNWANTED;
        }
        return place < delivered + window ? Leave.RECEIVE : Leave.WAIT;
    }

    /**
     * A buffer for a chunk that may be received; null if its stream has to wait for memory after all.
     *
     * @throws OutOfMemoryError if there is none even for the next chunk
     */
    @Nullable
    ByteBuffer buffer(int place) {
        try {
            return buffers.take(chunkBytes);
        } catch (OutOfMemoryError e) {
            // Not the heap's end but that of -XX:MaxDirectMemorySize: the rest of the process is well.
            if (place > delivered()) {
                return null;
            }
            log.warn("no memory to fetch a chunk of {} bytes: {}", chunkBytes, e.getMessage());
            throw e;
        }
    }

    /** Takes over a chunk and its buffer. */
    Taken offer(int place, ByteBuffer chunk) {
        synchronized (this) {
            if (closed || place >= end) {
                buffers.give(chunk);
                return Taken.KEPT;
            }
            waiting.put(place, chunk);
        }
        Taken taken = Taken.KEPT;
        // Looked at again after the lock was left: who found it in use has gone away.
        while (taken != Taken.REFUSED && nextIsHere() && sinkInUse.tryLock()) {
            try {
                taken = deliver() ? Taken.DELIVERED : Taken.REFUSED;
            } finally {
                sinkInUse.unlock();
            }
            onDelivered.run();
        }
        return taken;
    }

    private synchronized boolean nextIsHere() {
        return !closed && waiting.containsKey(delivered);
    }

    private boolean deliver() {
        int place;
        ByteBuffer chunk;
        synchronized (this) {
            place = delivered;
            chunk = closed ? null : waiting.remove(place);
        }
        if (chunk == null) {
            return true;
        }
        try {
            sink.accept(place, chunk);
        } catch (RuntimeException e) {
            log.warn("a chunk that came could not be taken: {}", e.toString());
            return false;
        } finally {
            buffers.give(chunk);
        }
        synchronized (this) {
            delivered = place + 1;
        }
        return true;
    }

    /** Wants no chunk from this place on. Whether that is less than before. */
    synchronized boolean limit(int place) {
        if (place >= end) {
            return false;
        }
        end = place;
        waiting.entrySet().removeIf(chunk -> {
            boolean unwanted = chunk.getKey() >= place;
            if (unwanted) {
                buffers.give(chunk.getValue());
            }
            return unwanted;
        });
        return true;
    }

    /** Leading chunks that are at the sink. */
    synchronized int delivered() {
        return delivered;
    }

    /** Whether all that is wanted is at the sink. */
    synchronized boolean isComplete() {
        return delivered >= end;
    }

    /** Delivers nothing more, waiting for what is just being delivered; the leading chunks at the sink. */
    int close() {
        synchronized (this) {
            limit(0);
            closed = true;
        }
        // By the deliverer's own thread too: it holds the lock.
        sinkInUse.lock();
        sinkInUse.unlock();
        return delivered();
    }
}
