package dev.kvern.node.grpc;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.wire.BlockPart;
import java.nio.ByteBuffer;
import java.util.List;

/**
 * A block on its way to a caller, part by part. One that lay in memory for long is checked once more as it goes: its bytes
 * come by the processor anyway. Confined to whoever holds the call's lock.
 */
final class Sending implements AutoCloseable {
    private final BlockKey key;
    private final ReadableBlock block;
    private final long taken;
    private final BlockChecksum checksum = new BlockChecksum();
    private int sent;

    /** @param taken of the budget */
    Sending(BlockKey key, ReadableBlock block, long taken) {
        this.key = key;
        this.block = block;
        this.taken = taken;
        checksum.begin(key);
    }

    /** The next bytes, not copied: nobody changes those of a block. */
    BlockPart.Data next(int mostBytes) {
        int length = Math.min(mostBytes, block.header().payloadBytes() - sent);
        List<ByteBuffer> pieces = block.payload(sent, length);
        sent += length;
        return block.unchecked()
                ? new BlockPart.Scattered(pieces, checksum::add)
                : new BlockPart.Scattered(pieces, bytes -> {});
    }

    BlockKey key() {
        return key;
    }

    /** Bytes to give back to the budget at the end. */
    long taken() {
        return taken;
    }

    /** Whether all parts were taken. */
    boolean isDone() {
        return sent == block.header().payloadBytes();
    }

    /** Whether all parts have passed, and were not what the block's checksum says. */
    boolean damaged() {
        return isDone()
                && block.unchecked()
                && checksum.value() != block.header().crc32c();
    }

    @Override
    public void close() {
        block.close();
    }
}
