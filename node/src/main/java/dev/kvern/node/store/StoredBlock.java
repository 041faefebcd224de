package dev.kvern.node.store;

import dev.kvern.block.BlockChecksum;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.HashValue;
import dev.kvern.block.ModelDigest;
import dev.kvern.block.TenantId;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * A complete block with what is known of it, in the form in which it is stored: a header of {@value #HEADER_BYTES} bytes
 * and the payload, in one array so that no copy is made between the wire and the store. Immutable by agreement: nobody
 * writes to the array after it was checked.
 *
 * <p>Header, big-endian: magic u32, version u8, 3 bytes of 0, CRC-32C of key and payload u32, payload bytes u32, tokens
 * u32, parent's key 32 bytes, model's digest 32 bytes, tenant 32 bytes (each all 0 for none), CRC-32C of all that u32. Of another
 * version nothing is read: it is taken for no block.
 */
public final class StoredBlock implements ReadableBlock {
    public static final int HEADER_BYTES = 120;
    private static final int MAGIC = 0x4B56524E;
    private static final byte VERSION = 4;
    private static final int CRC_AT = 8;
    static final int SIZE_AT = 12;
    static final int TOKENS_AT = 16;
    private static final int PARENT_AT = 20;
    private static final int MODEL_AT = PARENT_AT + HashValue.BYTES;
    private static final int TENANT_AT = MODEL_AT + HashValue.BYTES;
    private static final int HEADER_CRC_AT = TENANT_AT + HashValue.BYTES;
    private static final byte[] NONE = new byte[HashValue.BYTES];

    private final byte[] encoded;

    private StoredBlock(byte[] encoded) {
        this.encoded = encoded;
    }

    /** How long an array must be for a block of so many bytes of payload. */
    public static int encodedBytes(int payloadBytes) {
        return HEADER_BYTES + payloadBytes;
    }

    /** Writes the header of a block without labels whose payload, which fills the rest of the array, is yet to be written. */
    public static void begin(byte[] encoded, int crc32c, int tokens, Optional<BlockKey> parent) {
        begin(encoded, crc32c, tokens, parent, BlockLabels.NONE);
    }

    /** Writes the header of a block whose payload, which fills the rest of the array, is yet to be written. */
    public static void begin(byte[] encoded, int crc32c, int tokens, Optional<BlockKey> parent, BlockLabels labels) {
        ByteBuffer.wrap(encoded)
                .putInt(MAGIC)
                .put(VERSION)
                .put(new byte[3])
                .putInt(crc32c)
                .putInt(encoded.length - HEADER_BYTES)
                .putInt(tokens)
                .put(parent.map(BlockKey::toByteArray).orElse(NONE))
                .put(labels.model().map(ModelDigest::toByteArray).orElse(NONE))
                .put(labels.tenant().map(TenantId::toByteArray).orElse(NONE))
                .putInt(headerChecksum(encoded));
    }

    private static int headerChecksum(byte[] encoded) {
        var crc = new CRC32C();
        crc.update(encoded, 0, HEADER_CRC_AT);
        return (int) crc.getValue();
    }

    /** The header of what was stored; empty if it is none of this version, or not as it was written. */
    public static Optional<StoredHeader> header(byte[] encoded) {
        if (encoded.length < HEADER_BYTES) {
            return Optional.empty();
        }
        var header = ByteBuffer.wrap(encoded);
        boolean good = header.getInt() == MAGIC
                && header.get() == VERSION
                && header.getInt(HEADER_CRC_AT) == headerChecksum(encoded);
        return good ? Optional.of(new StoredHeader(encoded)) : Optional.empty();
    }

    /**
     * Reads what was stored under a key; empty if it is no block of this version, its header is not as it was written, or its payload
     * does not match its size or checksum.
     */
    public static Optional<StoredBlock> verified(BlockKey key, byte[] encoded) {
        int size = encoded.length - HEADER_BYTES;
        if (header(encoded).filter(header -> header.payloadBytes() == size).isEmpty()) {
            return Optional.empty();
        }
        return received(encoded, new BlockChecksum().of(key, ByteBuffer.wrap(encoded, HEADER_BYTES, size)));
    }

    /**
     * A block whose payload has just been written behind the header of {@link #begin}; empty if it is not what the header
     * says.
     *
     * @param checksum of the key and the payload that was written
     */
    public static Optional<StoredBlock> received(byte[] encoded, int checksum) {
        return declaredChecksum(encoded) == checksum ? Optional.of(new StoredBlock(encoded)) : Optional.empty();
    }

    /** The checksum that an encoded block's header names, right or wrong. */
    public static int declaredChecksum(byte[] encoded) {
        return ByteBuffer.wrap(encoded).getInt(CRC_AT);
    }

    /** The stored form; not to be changed. */
    public byte[] encoded() {
        return encoded;
    }

    public int payloadBytes() {
        return encoded.length - HEADER_BYTES;
    }

    @Override
    public StoredHeader header() {
        return new StoredHeader(encoded);
    }

    @Override
    public List<ByteBuffer> payload(int from, int length) {
        return List.of(ByteBuffer.wrap(encoded, HEADER_BYTES + from, length));
    }

    @Override
    public boolean unchecked() {
        return false;
    }

    /** Nothing to give back: the array is this block's own. */
    @Override
    public void close() {}

    static Optional<BlockKey> declaredParent(byte[] encoded) {
        return hash(encoded, PARENT_AT).map(BlockKey::wrap);
    }

    static BlockLabels declaredLabels(byte[] encoded) {
        return new BlockLabels(
                hash(encoded, MODEL_AT).map(ModelDigest::wrap),
                hash(encoded, TENANT_AT).map(TenantId::wrap));
    }

    private static Optional<byte[]> hash(byte[] encoded, int at) {
        byte[] hash = Arrays.copyOfRange(encoded, at, at + HashValue.BYTES);
        return Arrays.equals(hash, NONE) ? Optional.empty() : Optional.of(hash);
    }
}
