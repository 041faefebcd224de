package dev.kvern.block;

import com.google.protobuf.ByteString;

/** Everything but the tokens that decides a block's values or who may see them (see {@link Namespace}). 32 bytes. */
public record NamespaceId(Hash256 hash) implements HashValue {
    /** Reads the 32 bytes of a message field.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static NamespaceId of(ByteString bytes) {
        return new NamespaceId(Hash256.wrap(bytes.toByteArray()));
    }

    /** Takes over a 32-byte array, which the caller must not change afterwards.
     *
     * @throws IllegalArgumentException if it has another length
     */
    public static NamespaceId wrap(byte[] bytes) {
        return new NamespaceId(Hash256.wrap(bytes));
    }

    /** Parses 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static NamespaceId parse(String hex) {
        return new NamespaceId(Hash256.parse(hex));
    }

    @Override
    public String toString() {
        return toHex();
    }
}
