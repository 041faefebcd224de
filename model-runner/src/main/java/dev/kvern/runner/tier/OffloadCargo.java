package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A chunk on its way to the tier. */
sealed interface OffloadCargo extends ChunkSource {
    /** Size of the payload. */
    long bytes();

    /** Lets go of what it holds. */
    void release();

    /** In the pool, and copied only when it is sent. */
    record Pinned(OffloadChunk chunk, KvMemory memory) implements OffloadCargo {
        @Override
        public BlockKey key() {
            return chunk.key();
        }

        @Override
        public Optional<BlockKey> parent() {
            return chunk.parent();
        }

        @Override
        public int tokens() {
            return chunk.tokens();
        }

        @Override
        public long bytes() {
            return (long) chunk.blocks().size() * memory.blockBytes();
        }

        @Override
        public byte[] copyBytes() {
            var bytes = ByteBuffer.allocate((int) bytes());
            copyTo(bytes);
            return bytes.array();
        }

        @Override
        public void copyTo(ByteBuffer target) {
            memory.read(chunk.blocks().stream().mapToInt(PinnedBlock::index).toArray(), target);
        }

        @Override
        public void release() {
            chunk.release();
        }
    }

    /** Copied when its blocks were taken from it; nobody changes {@code payload}, which the message is made of. */
    record Staged(BlockKey key, Optional<BlockKey> parent, int tokens, byte[] payload) implements OffloadCargo {
        @Override
        public long bytes() {
            return payload.length;
        }

        @Override
        public byte[] copyBytes() {
            return payload;
        }

        @Override
        public void release() {}
    }
}
