package dev.kvern.block;

import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;

/** The cache tier's key of a block: SHA-256 of namespace and digest. Equal keys mean equal values. 32 bytes. */
public record BlockKey(Hash256 hash) {
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

    /** Parses 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static BlockKey parse(String hex) {
        return new BlockKey(Hash256.parse(hex));
    }

    /** The 32 bytes for a message field, not copied. */
    public ByteString toByteString() {
        return UnsafeByteOperations.unsafeWrap(hash.bytes());
    }

    /** A copy of the 32 bytes. */
    public byte[] toByteArray() {
        return hash.bytes().clone();
    }

    /** 64 lower-case hexadecimal digits. */
    public String toHex() {
        return hash.toHex();
    }

    @Override
    public String toString() {
        return toHex();
    }
}
