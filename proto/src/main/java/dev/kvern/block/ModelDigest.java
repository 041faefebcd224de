package dev.kvern.block;

import com.google.protobuf.ByteString;

/** What a model computes: SHA-256 over its configuration and weights, however they are split into files. 32 bytes. */
public record ModelDigest(Hash256 hash) implements HashValue {
    /** Reads the 32 bytes of a message field.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static ModelDigest of(ByteString bytes) {
        return new ModelDigest(Hash256.wrap(bytes.toByteArray()));
    }

    /** Takes over a 32-byte array, which the caller must not change afterwards.
     *
     * @throws IllegalArgumentException if it has another length
     */
    public static ModelDigest wrap(byte[] bytes) {
        return new ModelDigest(Hash256.wrap(bytes));
    }

    /** Parses 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static ModelDigest parse(String hex) {
        return new ModelDigest(Hash256.parse(hex));
    }

    @Override
    public String toString() {
        return toHex();
    }
}
