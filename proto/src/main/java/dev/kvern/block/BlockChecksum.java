package dev.kvern.block;

import java.nio.ByteBuffer;
import java.util.zip.CRC32C;

/**
 * The checksum that goes with a block: CRC-32C (Castagnoli) of its key's 32 bytes and then its payload. With the key in it,
 * the bytes of one block are not taken for another's, whoever mixes them up. Confined to a thread.
 */
public final class BlockChecksum {
    private final CRC32C crc = new CRC32C();

    /** The checksum of a payload: the buffer's remaining bytes, which it is moved over. */
    public int of(BlockKey key, ByteBuffer payload) {
        crc.reset();
        crc.update(key.hash().bytes());
        crc.update(payload);
        return (int) crc.getValue();
    }
}
