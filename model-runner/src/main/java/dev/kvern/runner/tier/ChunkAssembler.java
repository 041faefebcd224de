package dev.kvern.runner.tier;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.PlacedBlock;
import dev.kvern.wire.BlockPart;
import java.nio.ByteBuffer;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Puts one stream's messages together into chunks and checks key, order, size and checksum of each. Confined to the stream's
 * messages, one at a time.
 */
final class ChunkAssembler {
    private final List<BlockKey> keys;
    private final Taker taker;
    private final SharedBlocks shared;
    private final BlockChecksum checksum = new BlockChecksum();
    private int next;
    private @Nullable ByteBuffer buffer;
    private @Nullable BlockHeader header;
    private boolean missed;

    /** Gets each chunk once it is complete. */
    @FunctionalInterface
    interface Taker {
        /**
         * Takes over a verified chunk.
         *
         * @param index of its key among the stream's
         */
        void take(int index, ByteBuffer chunk);
    }

    /**
     * @param keys that the stream was asked for
     * @param shared the node's memory, where it is on this machine
     */
    ChunkAssembler(List<BlockKey> keys, SharedBlocks shared, Taker taker) {
        this.keys = keys;
        this.shared = shared;
        this.taker = taker;
    }

    /** Says where the next chunk is put together; as large as a chunk. Without it none can begin. */
    void into(ByteBuffer empty) {
        buffer = empty;
    }

    /** Whether there is a buffer for the chunk that comes next or is being received. */
    boolean hasBuffer() {
        return buffer != null;
    }

    /** Whether a chunk has begun and is not complete. */
    boolean isWithinAChunk() {
        return header != null;
    }

    /** Gives up the buffer, and what may be in it. */
    @Nullable
    ByteBuffer release() {
        ByteBuffer held = buffer;
        buffer = null;
        return held;
    }

    /** What is wrong with the stream; null if nothing is. */
    @Nullable
    MissReason accept(BlockPart part) {
        if (missed || next >= keys.size()) {
            return MissReason.MALFORMED;
        }
        if (part instanceof BlockPart.Data data) {
            return append(data);
        }
        if (part instanceof BlockPart.Header begun) {
            return begin(begun.header());
        }
        if (part instanceof BlockPart.Placed placed) {
            return copy(placed.block());
        }
        if (part instanceof BlockPart.Shared named) {
            shared.offered(named.file());
            return null;
        }
        return part instanceof BlockPart.Miss ? miss() : MissReason.MALFORMED;
    }

    /** Place of the first key that has not come. */
    int next() {
        return next;
    }

    /** Whether the stream said that the next key is not stored. */
    boolean missed() {
        return missed;
    }

    private @Nullable MissReason begin(BlockHeader begun) {
        // Within a chunk it begins anew: what came of it was damaged at the node, which withheld the rest.
        ByteBuffer target = buffer;
        if (target == null
                || begun.getSizeBytes() != target.capacity()
                || !begun.getKey().equals(keys.get(next).toByteString())) {
            return MissReason.MALFORMED;
        }
        header = begun;
        target.clear();
        checksum.begin(keys.get(next));
        return null;
    }

    private @Nullable MissReason append(BlockPart.Data data) {
        BlockHeader of = header;
        ByteBuffer target = buffer;
        int size = data.size();
        if (of == null || target == null || size > target.remaining()) {
            return MissReason.MALFORMED;
        }
        int from = target.position();
        data.copyTo(target);
        // While it is in the processor's cache.
        checksum.add(target.slice(from, size));
        return target.hasRemaining() ? null : complete(of, target);
    }

    private @Nullable MissReason copy(PlacedBlock placed) {
        MissReason wrong = begin(placed.getHeader());
        ByteBuffer target = buffer;
        if (wrong != null || target == null) {
            return MissReason.MALFORMED;
        }
        return shared.copy(placed, target, checksum) ? complete(placed.getHeader(), target) : MissReason.MALFORMED;
    }

    private @Nullable MissReason complete(BlockHeader of, ByteBuffer chunk) {
        if (checksum.value() != of.getCrc32C()) {
            return MissReason.CORRUPT;
        }
        header = null;
        buffer = null;
        taker.take(next++, chunk.flip());
        return null;
    }

    /** Within a chunk, too: what came of it was damaged at the node, and is stored nowhere else. */
    private @Nullable MissReason miss() {
        header = null;
        missed = true;
        return null;
    }
}
