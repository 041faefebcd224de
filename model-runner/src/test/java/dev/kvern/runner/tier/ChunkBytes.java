package dev.kvern.runner.tier;

import java.nio.ByteBuffer;

/** A chunk's bytes as an array. */
public final class ChunkBytes {
    private ChunkBytes() {}

    public static byte[] of(ChunkSource chunk) {
        var bytes = ByteBuffer.allocate(chunk.bytes());
        chunk.copyTo(bytes);
        return bytes.array();
    }
}
