package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
import dev.kvern.runner.tier.ChunkSource;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.stream.LongStream;

/**
 * Blocks by number, in chains of one length: a number always names the same key, so that millions of them need no memory here.
 * Payloads are all the same random bytes. Immutable.
 */
final class Chains {
    private static final long SPREAD = 0xD1342543DE82EF95L;

    private final long seed;
    private final int length;
    private final byte[] payload;

    /** @param length blocks of a chain */
    Chains(long seed, int length, int blockBytes) {
        this.seed = seed;
        this.length = length;
        this.payload = new byte[blockBytes];
        new Random(seed).nextBytes(payload);
    }

    int length() {
        return length;
    }

    int blockBytes() {
        return payload.length;
    }

    BlockKey key(long number) {
        byte[] key = new byte[BlockKey.BYTES];
        new SplittableRandom(seed ^ number * SPREAD).nextBytes(key);
        return BlockKey.wrap(key);
    }

    List<BlockKey> keys(long from, int count) {
        return LongStream.range(from, from + count).mapToObj(this::key).toList();
    }

    List<Block> blocks(long from, int count) {
        return LongStream.range(from, from + count).mapToObj(this::block).toList();
    }

    Block block(long number) {
        return new Block(key(number), number % length == 0 ? Optional.empty() : Optional.of(key(number - 1)), payload);
    }

    /** @param payload not to be changed */
    record Block(BlockKey key, Optional<BlockKey> parent, byte[] payload) implements ChunkSource {
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
