package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import java.util.Optional;

/** A chunk's place in host memory. Guarded by {@link HostIndex}. */
final class HostChunk {
    final BlockKey key;
    final Optional<BlockKey> parent;
    final int slot;
    int crc32c;

    /** Who reads it now. */
    int readers;

    /** No longer findable: the slot is free when the last reader has gone. */
    boolean gone;

    /** The index's tick at the last use: unique, so that it orders chunks. */
    long lastUse;

    HostChunk(BlockKey key, Optional<BlockKey> parent, int slot) {
        this.key = key;
        this.parent = parent;
        this.slot = slot;
    }
}
