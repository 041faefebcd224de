package dev.kvern.runner.tier;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.runner.kv.PinnedBlock;
import dev.kvern.runner.model.KvMemory;
import java.nio.ByteBuffer;
import java.util.Optional;

/** A chunk on its way to the tier. */
sealed interface OffloadCargo extends ChunkSource {
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
        public BlockLabels labels() {
            return chunk.labels();
        }

        @Override
        public int bytes() {
            return Math.multiplyExact(chunk.blocks().size(), memory.blockBytes());
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
    record Staged(BlockKey key, Optional<BlockKey> parent, int tokens, BlockLabels labels, byte[] payload)
            implements OffloadCargo {
        @Override
        public int bytes() {
            return payload.length;
        }

        @Override
        public void copyTo(ByteBuffer target) {
            target.put(payload);
        }

        @Override
        public Optional<ByteBuffer> held() {
            return Optional.of(ByteBuffer.wrap(payload));
        }

        @Override
        public void release() {}
    }
}
