package dev.kvern.block;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;

/** The 32 bytes behind a digest, a namespace or a key. Immutable; compared by value. */
final class Hash256 {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);
    private final byte[] bytes;

    /** Takes the array over; the caller must not keep it. */
    private Hash256(byte[] bytes) {
        this.bytes = bytes;
    }

    static Hash256 wrap(byte[] bytes) {
        if (bytes.length != Sha256.BYTES) {
            throw new IllegalArgumentException("hash of " + bytes.length + " bytes (expected: " + Sha256.BYTES + ")");
        }
        return new Hash256(bytes);
    }

    static Hash256 parse(String hex) {
        try {
            return wrap(HexFormat.of().parseHex(hex));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("hash '" + hex + "' (expected: 64 hexadecimal digits)", e);
        }
    }

    /** The array itself, for read-only use within this package. */
    byte[] bytes() {
        return bytes;
    }

    String toHex() {
        return HexFormat.of().formatHex(bytes);
    }

    /** The last 8 bytes as an unsigned big-endian number: vLLM's 64-bit view of a block hash. */
    long low64() {
        return (long) LONG.get(bytes, Sha256.BYTES - Long.BYTES);
    }

    @Override
    public boolean equals(Object o) {
        return o instanceof Hash256 other && Arrays.equals(bytes, other.bytes);
    }

    /** Any four bytes will do: SHA-256 output is uniform. */
    @Override
    public int hashCode() {
        return (int) low64();
    }

    @Override
    public String toString() {
        return toHex();
    }
}
