package dev.kvern.launcher.bench.store;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.tier.ChunkSource;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;

/** The bytes that are stored, made once: random, so that nobody gains by their being alike. Immutable. */
final class Payload {
    private final byte[] bytes;
    private final ByteBuffer direct;

    Payload(int size, Random random) {
        bytes = new byte[size];
        random.nextBytes(bytes);
        direct = ByteBuffer.allocateDirect(size).put(bytes).flip();
    }

    int size() {
        return bytes.length;
    }

    /** Not to be changed. */
    byte[] array() {
        return bytes;
    }

    /** The bytes outside the heap, from a position of the caller's own. */
    ByteBuffer direct() {
        return direct.duplicate();
    }

    ChunkSource under(BlockKey key) {
        return new Chunk(key, bytes);
    }

    private record Chunk(BlockKey key, byte[] payload) implements ChunkSource {
        @Override
        public Optional<BlockKey> parent() {
            return Optional.empty();
        }

        @Override
        public int tokens() {
            return 1;
        }

        @Override
        public int bytes() {
            return payload.length;
        }

        @Override
        public void copyTo(ByteBuffer target) {
            target.put(payload);
        }
    }
}
