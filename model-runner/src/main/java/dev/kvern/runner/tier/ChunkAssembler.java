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
 * Puts one stream's messages together into chunks and checks key, order, size and checksum of each. Confined to whoever
 * holds the fetch's lock.
 */
final class ChunkAssembler {
    private final List<BlockKey> keys;
    private final ByteBuffer buffer;
    private final ChunkSink sink;
    private final SharedBlocks shared;
    private final BlockChecksum checksum = new BlockChecksum();
    private int next;
    private @Nullable BlockHeader header;
    private boolean missed;

    /**
     * @param first place of the first key that this stream was asked for
     * @param buffer as large as a chunk
     * @param shared the node's memory, where it is on this machine
     */
    ChunkAssembler(List<BlockKey> keys, int first, ByteBuffer buffer, ChunkSink sink, SharedBlocks shared) {
        this.keys = keys;
        this.next = first;
        this.buffer = buffer;
        this.sink = sink;
        this.shared = shared;
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
        if (header != null
                || begun.getSizeBytes() != buffer.capacity()
                || !begun.getKey().equals(keys.get(next).toByteString())) {
            return MissReason.MALFORMED;
        }
        header = begun;
        buffer.clear();
        checksum.begin(keys.get(next));
        return null;
    }

    private @Nullable MissReason append(BlockPart.Data data) {
        BlockHeader of = header;
        int size = data.size();
        if (of == null || size > buffer.remaining()) {
            return MissReason.MALFORMED;
        }
        int from = buffer.position();
        data.copyTo(buffer);
        // While it is in the processor's cache.
        checksum.add(buffer.slice(from, size));
        return buffer.hasRemaining() ? null : complete(of);
    }

    private @Nullable MissReason copy(PlacedBlock placed) {
        MissReason wrong = begin(placed.getHeader());
        if (wrong != null) {
            return wrong;
        }
        return shared.copy(placed, buffer, checksum) ? complete(placed.getHeader()) : MissReason.MALFORMED;
    }

    private @Nullable MissReason complete(BlockHeader of) {
        if (checksum.value() != of.getCrc32C()) {
            return MissReason.CORRUPT;
        }
        header = null;
        sink.accept(next++, buffer.flip());
        return null;
    }

    private @Nullable MissReason miss() {
        if (header != null) {
            return MissReason.MALFORMED;
        }
        missed = true;
        return null;
    }
}
