package dev.kvern.node.grpc;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.node.store.ReadableBlock;
import dev.kvern.node.store.StoredHeader;
import dev.kvern.wire.BlockPart;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;

/**
 * A block on its way to a caller, part by part. One that is not known to be whole is checked as it goes, as its bytes come by the
 * processor anyway, and its last part before it goes: a caller never has all of a damaged block. Confined to whoever holds the call's
 * lock.
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

    /** The next bytes, not copied: nobody changes those of a block. Empty if they are the last, and the block is damaged. */
    Optional<BlockPart.Data> next(int mostBytes) {
        int length = Math.min(mostBytes, block.header().payloadBytes() - sent);
        List<ByteBuffer> pieces = block.payload(sent, length);
        sent += length;
        if (!block.unchecked()) {
            return Optional.of(new BlockPart.Scattered(pieces, bytes -> {}));
        }
        if (!isDone()) {
            return Optional.of(new BlockPart.Scattered(pieces, checksum::add));
        }
        pieces.forEach(piece -> checksum.add(piece.duplicate()));
        return checksum.value() == block.header().crc32c()
                ? Optional.of(new BlockPart.Scattered(pieces, bytes -> {}))
                : Optional.empty();
    }

    StoredHeader header() {
        return block.header();
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

    @Override
    public void close() {
        block.close();
    }
}
