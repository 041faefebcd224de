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
        begin(key);
        add(payload);
        return value();
    }

    /** Begins with a block whose payload comes in pieces. */
    public void begin(BlockKey key) {
        crc.reset();
        crc.update(key.hash().bytes());
    }

    /** Adds the payload's next piece: the buffer's remaining bytes, which it is moved over. */
    public void add(ByteBuffer piece) {
        crc.update(piece);
    }

    /** The checksum of the key and the pieces so far. */
    public int value() {
        return (int) crc.getValue();
    }
}
