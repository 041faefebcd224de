package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.nio.ByteBuffer;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Chunks in this machine's memory, in front of another tier: what the pool loses and what goes to the cluster passes here.
 * A chunk is visible once it is whole; its checksum is verified each time it is read. Bounded by the slab. Safe for use by
 * several threads.
 */
public final class HostTier implements CacheTier {
    private final CacheTier next;
    private final HostSlab slab;
    private final Executor copies;
    private final HostIndex index;
    private final LongAdder kept = new LongAdder();
    private final LongAdder read = new LongAdder();
    private final LongAdder refused = new LongAdder();
    private final LongAdder corrupt = new LongAdder();

    /**
     * @param next has what is not here
     * @param copies runs what copies fetched chunks
     */
    public HostTier(CacheTier next, HostSlab slab, Executor copies) {
        this.next = next;
        this.slab = slab;
        this.copies = copies;
        this.index = new HostIndex(slab.slots());
    }

    @Override
    public Fetch fetch(List<BlockKey> keys, int chunkBytes, ChunkSink sink) {
        if (chunkBytes == slab.slotBytes() && index.holds(keys.get(0))) {
            var fetch = new HostFetch(this, next, List.copyOf(keys), chunkBytes, sink);
            try {
                copies.execute(fetch::run);
                return fetch;
            } catch (RejectedExecutionException e) {
                fetch.cancel();
            }
        }
        return next.fetch(keys, chunkBytes, sink);
    }

    @Override
    public int nearby(List<BlockKey> keys) {
        return index.run(keys);
    }

    @Override
    public OptionalInt match(List<BlockKey> keys) {
        return next.match(keys);
    }

    @Override
    public CompletableFuture<OptionalInt> matchLater(List<BlockKey> keys) {
        return next.matchLater(keys);
    }

    @Override
    public PutOutcome put(List<? extends ChunkSource> chunks) {
        keep(chunks);
        return next.put(chunks);
    }

    @Override
    public void keep(List<? extends ChunkSource> chunks) {
        var leftOut = new HashSet<BlockKey>();
        for (ChunkSource chunk : chunks) {
            // What continues a chunk for which there is no room must not drive out what comes before it.
            if (chunk.parent().filter(leftOut::contains).isPresent()) {
                refused.increment();
                leftOut.add(chunk.key());
            } else if (!keep(chunk.key(), chunk.parent(), chunk::copyTo)) {
                leftOut.add(chunk.key());
            }
        }
    }

    /**
     * Keeps a chunk.
     *
     * @param fill writes its bytes, all of them
     * @return whether it is here now
     */
    boolean keep(BlockKey key, Optional<BlockKey> parent, Consumer<ByteBuffer> fill) {
        HostChunk chunk = index.reserve(key, parent);
        if (chunk == null) {
            boolean here = index.holds(key);
            if (!here) {
                refused.increment();
            }
            return here;
        }
        boolean written = false;
        try {
            ByteBuffer bytes = slab.slot(chunk.slot);
            fill.accept(bytes);
            if (bytes.hasRemaining()) {
                throw new IllegalStateException(
                        "chunk of " + bytes.position() + " bytes (expected: " + bytes.capacity() + ")");
            }
            index.complete(chunk, checksum(bytes.flip()));
            written = true;
        } finally {
            if (!written) {
                index.abandon(chunk);
            }
        }
        kept.increment();
        return true;
    }

    boolean holds(BlockKey key) {
        return index.holds(key);
    }

    /** Notes that the pool has lost the chunk, which is not here: what continues it here has no use. */
    void lost(BlockKey key) {
        if (!index.holds(key)) {
            index.forget(key);
        }
    }

    /** Gives the chunk's bytes to {@code reader}; false if it is not here, or no longer as it was stored. */
    boolean read(BlockKey key, Consumer<ByteBuffer> reader) {
        @Nullable HostChunk chunk = index.pin(key);
        if (chunk == null) {
            return false;
        }
        try {
            ByteBuffer bytes = slab.slot(chunk.slot);
            if (checksum(bytes) != chunk.crc32c) {
                corrupt.increment();
                index.forget(key);
                return false;
            }
            reader.accept(bytes.rewind());
            read.increment();
            return true;
        } finally {
            index.unpin(chunk);
        }
    }

    public HostStats stats() {
        return new HostStats(
                (long) slab.slots() * slab.slotBytes(),
                (long) index.used() * slab.slotBytes(),
                kept.sum(),
                read.sum(),
                index.evicted(),
                refused.sum(),
                corrupt.sum());
    }

    /** For tests. */
    HostIndex index() {
        return index;
    }

    private static int checksum(ByteBuffer bytes) {
        var crc = new CRC32C();
        crc.update(bytes);
        return (int) crc.getValue();
    }
}
