package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Optional;

/** What a stored block's header says; {@link StoredBlock} says where. Immutable by agreement, as the array is. */
public final class StoredHeader {
    private final byte[] encoded;

    /** @param encoded begins with the header; more may follow */
    StoredHeader(byte[] encoded) {
        this.encoded = encoded;
    }

    /** The header alone, in an array of its own: what a whole block is in is not kept alive by it. */
    StoredHeader alone() {
        return new StoredHeader(Arrays.copyOf(encoded, StoredBlock.HEADER_BYTES));
    }

    public int payloadBytes() {
        return ByteBuffer.wrap(encoded).getInt(StoredBlock.SIZE_AT);
    }

    /** CRC-32C of key and payload. */
    public int crc32c() {
        return StoredBlock.declaredChecksum(encoded);
    }

    /** Tokens the block stands for. */
    public int tokens() {
        return ByteBuffer.wrap(encoded).getInt(StoredBlock.TOKENS_AT);
    }

    /** Model and tenant. */
    public BlockLabels labels() {
        return StoredBlock.declaredLabels(encoded);
    }

    /** The block before it; empty at a chain's start. */
    public Optional<BlockKey> parent() {
        return StoredBlock.declaredParent(encoded);
    }
}
