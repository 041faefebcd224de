package dev.kvern.runner.tier;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.v1.BlockHeader;
import dev.kvern.v1.GetResponse;
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
    private final BlockChecksum checksum = new BlockChecksum();
    private int next;
    private @Nullable BlockHeader header;
    private boolean missed;

    /**
     * @param first place of the first key that this stream was asked for
     * @param buffer as large as a chunk
     */
    ChunkAssembler(List<BlockKey> keys, int first, ByteBuffer buffer, ChunkSink sink) {
        this.keys = keys;
        this.next = first;
        this.buffer = buffer;
        this.sink = sink;
    }

    /** What is wrong with the stream; null if nothing is. */
    @Nullable
    MissReason accept(GetResponse part) {
        if (missed || next >= keys.size()) {
            return MissReason.MALFORMED;
        }
        return switch (part.getPartCase()) {
            case HEADER -> begin(part.getHeader());
            case DATA -> append(part);
            case MISS -> miss();
            case PART_NOT_SET -> MissReason.MALFORMED;
        };
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
        return null;
    }

    private @Nullable MissReason append(GetResponse part) {
        BlockHeader of = header;
        if (of == null || part.getData().size() > buffer.remaining()) {
            return MissReason.MALFORMED;
        }
        part.getData().copyTo(buffer);
        if (buffer.hasRemaining()) {
            return null;
        }
        if (checksum.of(keys.get(next), buffer.flip()) != of.getCrc32C()) {
            return MissReason.CORRUPT;
        }
        header = null;
        sink.accept(next++, buffer.rewind());
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
