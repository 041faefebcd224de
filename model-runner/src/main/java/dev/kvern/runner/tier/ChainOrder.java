package dev.kvern.runner.tier;

import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Hands a fetch's chunks to its sink in the chain's order, whichever streams they come by, and lends the buffers that they are
 * received into: one for the next chunk, which is there from the start and kept for nothing else, so that streams never wait for
 * each other without end; and as many as there is memory for, up to a limit, for chunks ahead of it. Safe for use by several
 * threads: what is known of chunks is guarded by this, the sink is called by one thread at a time under a lock of its own, so that
 * streams go on receiving meanwhile.
 */
final class ChainOrder {
    private static final Logger log = LoggerFactory.getLogger(ChainOrder.class);

    private final ChunkSink sink;
    private final Runnable onDelivered;
    private final ChunkBuffers buffers;
    private final int chunkBytes;
    private final int ahead;
    private final ReentrantLock sinkInUse = new ReentrantLock();
    private final Map<Integer, ByteBuffer> waiting = new HashMap<>();

    /** For the next chunk; null while that is received or delivered. */
    private @Nullable ByteBuffer reserve;

    private int delivered;
    private int end;
    private boolean closed;

    /** What became of a chunk handed over. */
    enum Taken {
        /** It is at the sink, or others that waited for it are. */
        DELIVERED,
        /** It waits for those before it, or is of no use any more. */
        KEPT,
        /** The sink would not take it, or one before it. */
        REFUSED
    }

    /**
     * @param chunks how many are wanted
     * @param ahead how far behind the next chunk others may be received
     * @param onDelivered told after each chunk: streams that wait may go on
     * @param first a buffer for the next chunk, as large as a chunk; given back to {@code buffers} at the end
     */
    ChainOrder(int chunks, int ahead, ChunkSink sink, Runnable onDelivered, ByteBuffer first, ChunkBuffers buffers) {
        this.end = chunks;
        this.ahead = ahead;
        this.sink = sink;
        this.onDelivered = onDelivered;
        this.reserve = first;
        this.chunkBytes = first.capacity();
        this.buffers = buffers;
    }

    /** Whether a chunk would still be of use. */
    synchronized boolean wants(int place) {
        return !closed && place < end;
    }

    /**
     * A buffer to receive a chunk into; null if its stream has to wait: the chunk is of no use, too far ahead, or there is no memory
     * while others before it have some.
     */
    @Nullable
    ByteBuffer buffer(int place) {
        synchronized (this) {
            if (!wants(place) || place > delivered + ahead) {
                return null;
            }
            ByteBuffer first = reserve;
            if (place == delivered && first != null) {
                reserve = null;
                return first.clear();
            }
        }
        try {
            return buffers.take(chunkBytes);
        } catch (OutOfMemoryError e) {
            // Not the heap's end but that of -XX:MaxDirectMemorySize: the rest of the process is well.
            log.debug("no memory to fetch chunk {} ahead of others: {}", place, e.getMessage());
            return null;
        }
    }

    /** Takes a buffer back. */
    synchronized void give(ByteBuffer buffer) {
        if (reserve == null && !closed) {
            reserve = buffer;
        } else {
            buffers.give(buffer);
        }
    }

    /** Takes over a chunk in its buffer. */
    Taken offer(int place, ByteBuffer chunk) {
        synchronized (this) {
            if (!wants(place)) {
                give(chunk);
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
        return waiting.containsKey(delivered);
    }

    private boolean deliver() {
        int place;
        ByteBuffer chunk;
        synchronized (this) {
            place = delivered;
            chunk = waiting.remove(place);
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
            give(chunk);
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
                give(chunk.getValue());
            }
            return unwanted;
        });
        return true;
    }

    /** Place of the next chunk for the sink; as many are there. */
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
            if (reserve != null) {
                buffers.give(reserve);
                reserve = null;
            }
        }
        // Not if it is this thread that delivers: the lock is its own.
        sinkInUse.lock();
        sinkInUse.unlock();
        synchronized (this) {
            return delivered;
        }
    }
}
