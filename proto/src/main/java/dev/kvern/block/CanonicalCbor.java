package dev.kvern.block;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * The few CBOR items that names are made of, in RFC 8949's core deterministic encoding (section 4.2.1): shortest
 * heads, definite lengths. Confined to a thread.
 */
final class CanonicalCbor {
    private static final int UNSIGNED = 0 << 5;
    private static final int BYTES = 2 << 5;
    private static final int TEXT = 3 << 5;
    private static final int ARRAY = 4 << 5;
    private static final int NULL = 0xf6;

    private final ByteArrayOutputStream out = new ByteArrayOutputStream(128);

    CanonicalCbor unsigned(long value) {
        head(UNSIGNED, value);
        return this;
    }

    CanonicalCbor bytes(byte[] value) {
        head(BYTES, value.length);
        out.writeBytes(value);
        return this;
    }

    CanonicalCbor text(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        head(TEXT, utf8.length);
        out.writeBytes(utf8);
        return this;
    }

    CanonicalCbor array(int size) {
        head(ARRAY, size);
        return this;
    }

    CanonicalCbor nil() {
        out.write(NULL);
        return this;
    }

    byte[] toByteArray() {
        return out.toByteArray();
    }

    private void head(int major, long value) {
        if (value < 0) {
            throw new IllegalArgumentException("CBOR head " + value + " (expected: not negative)");
        }
        if (value < 24) {
            out.write(major | (int) value);
        } else if (value <= 0xff) {
            out.write(major | 24);
            bigEndian(value, 1);
        } else if (value <= 0xffff) {
            out.write(major | 25);
            bigEndian(value, 2);
        } else if (value <= 0xffff_ffffL) {
            out.write(major | 26);
            bigEndian(value, 4);
        } else {
            out.write(major | 27);
            bigEndian(value, 8);
        }
    }

    private void bigEndian(long value, int bytes) {
        for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
            out.write((int) (value >>> shift));
        }
    }
}
