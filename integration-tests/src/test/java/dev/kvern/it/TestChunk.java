package dev.kvern.it;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.tier.ChunkSource;
import java.nio.ByteBuffer;
import java.util.Optional;
import java.util.Random;

/**
 * A chunk whose key and bytes follow from a number, so that whoever reads it knows what it must be.
 *
 * @param set tells the chunks of one test from those of another in the same cluster
 * @param number of the chunk in its set
 * @param before number of the chunk before it in its chain; none if negative
 */
record TestChunk(int set, int number, int before, int bytes) implements ChunkSource {
    private static final int TOKENS = 64;

    /** One that begins a chain. */
    static TestChunk of(int set, int number, int bytes) {
        return new TestChunk(set, number, -1, bytes);
    }

    private static BlockKey key(int set, int number) {
        byte[] key = new byte[32];
        new Random(((long) set << 32) + number).nextBytes(key);
        return BlockKey.wrap(key);
    }

    @Override
    public BlockKey key() {
        return key(set, number);
    }

    @Override
    public Optional<BlockKey> parent() {
        return before < 0 ? Optional.empty() : Optional.of(key(set, before));
    }

    @Override
    public int tokens() {
        return TOKENS;
    }

    /** Its bytes, the same each time. */
    byte[] payload() {
        byte[] payload = new byte[bytes];
        new Random(31L * number + set).nextBytes(payload);
        return payload;
    }

    @Override
    public void copyTo(ByteBuffer target) {
        target.put(payload());
    }

    /** The bytes of one chunk under the key of another. */
    record Renamed(TestChunk content, TestChunk name) implements ChunkSource {
        @Override
        public BlockKey key() {
            return name.key();
        }

        @Override
        public Optional<BlockKey> parent() {
            return name.parent();
        }

        @Override
        public int tokens() {
            return TOKENS;
        }

        @Override
        public int bytes() {
            return content.bytes();
        }

        @Override
        public void copyTo(ByteBuffer target) {
            content.copyTo(target);
        }
    }
}
