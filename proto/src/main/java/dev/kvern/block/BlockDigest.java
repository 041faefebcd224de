package dev.kvern.block;

import com.google.protobuf.ByteString;

/** What a block's tokens are, and all tokens before them: one link of a {@link BlockChain}. 32 bytes. */
public record BlockDigest(Hash256 hash) implements HashValue {
    /** The last 8 bytes as an unsigned big-endian number: the 64-bit form in which vLLM logs and publishes a digest. */
    public long low64() {
        return hash.low64();
    }

    /** Reads the 32 bytes of a message field.
     *
     * @throws IllegalArgumentException if there are not 32
     */
    public static BlockDigest of(ByteString bytes) {
        return new BlockDigest(Hash256.wrap(bytes.toByteArray()));
    }

    /** Takes over a 32-byte array, which the caller must not change afterwards.
     *
     * @throws IllegalArgumentException if it has another length
     */
    public static BlockDigest wrap(byte[] bytes) {
        return new BlockDigest(Hash256.wrap(bytes));
    }

    /** Parses 64 hexadecimal digits.
     *
     * @throws IllegalArgumentException if the text is anything else
     */
    public static BlockDigest parse(String hex) {
        return new BlockDigest(Hash256.parse(hex));
    }

    @Override
    public String toString() {
        return toHex();
    }
}
