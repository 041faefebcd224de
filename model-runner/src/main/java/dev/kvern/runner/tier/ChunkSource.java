package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A chunk that can be stored. */
public interface ChunkSource {
    BlockKey key();

    /** The chunk before it; empty at a chain's start. */
    Optional<BlockKey> parent();

    /** Tokens it stands for. */
    int tokens();

    /** Whose it is. */
    default BlockLabels labels() {
        return BlockLabels.NONE;
    }

    /** Bytes. */
    int bytes();

    /** Writes its bytes to {@code target}, which has room for just them. May be called again. */
    void copyTo(ByteBuffer target);

    /** Its bytes where they lie, if nobody changes them while it is stored: then they need not be copied. */
    default Optional<ByteBuffer> held() {
        return Optional.empty();
    }
}
