package dev.kvern.block;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;

/** The cache tier's key of a block: SHA-256 of namespace and digest. Equal keys mean equal values. 32 bytes. */
public record BlockKey(Hash256 hash) implements HashValue {
    /** The key of the block that {@code digest} names within {@code namespace}. */
    public static BlockKey of(NamespaceId namespace, BlockDigest digest) {
        var sha = Sha256.newDigest();
        sha.update(namespace.hash().bytes());
        sha.update(digest.hash().bytes());
        return new BlockKey(Hash256.wrap(sha.digest()));
    }

    /** Reads the 32 bytes of a message field.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static BlockKey of(ByteString bytes) {
        return new BlockKey(Hash256.wrap(bytes.toByteArray()));
    }

    /** Takes over a 32-byte array, which the caller must not change afterwards.
     *
     * @throws IllegalArgumentException if it has another length
     */
    public static BlockKey wrap(byte[] bytes) {
        return new BlockKey(Hash256.wrap(bytes));
    }

    /** Reads the next 32 bytes.
     *
     * @throws java.nio.BufferUnderflowException if there are fewer
     */
    public static BlockKey read(ByteBuffer from) {
        byte[] bytes = new byte[BYTES];
        from.get(bytes);
        return wrap(bytes);
    }

    /** Parses 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static BlockKey parse(String hex) {
        return new BlockKey(Hash256.parse(hex));
    }

    @Override
    public String toString() {
        return toHex();
    }
}
