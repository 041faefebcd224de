package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A chunk that can be stored. */
public interface ChunkSource {
    BlockKey key();

    /** The chunk before it; empty at a chain's start. */
    Optional<BlockKey> parent();

    /** Tokens it stands for. */
    int tokens();

    /** A fresh copy of its bytes, which nobody changes afterwards. May be called again. */
    byte[] copyBytes();

    /** Writes its bytes to {@code target}, which has room for just them. */
    default void copyTo(ByteBuffer target) {
        target.put(copyBytes());
    }
}
