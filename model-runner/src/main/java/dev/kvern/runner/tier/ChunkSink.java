package dev.kvern.runner.tier;

import java.nio.ByteBuffer;

/** Takes fetched chunks. */
@FunctionalInterface
public interface ChunkSink {
    /**
     * A verified chunk.
     *
     * @param index its place among the keys asked for
     * @param payload its bytes, valid during the call
     */
    void accept(int index, ByteBuffer payload);
}
