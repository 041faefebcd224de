package dev.kvern.runner.tier;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.NamespaceId;
import java.util.List;
import java.util.Optional;
import java.util.Random;

/** Chains of chunks for tests. */
final class Chains {
    static final int BYTES = 64;

    private Chains() {}

    /** Keys of a chain; chains of different seeds have nothing in common. */
    static List<BlockKey> keys(int seed, int length) {
        int[] tokens = new Random(seed).ints(length, 0, 1 << 20).toArray();
        return new BlockChain(1)
                .digests(tokens).stream()
                        .map(digest -> BlockKey.of(NamespaceId.wrap(new byte[32]), digest))
                        .toList();
    }

    static byte[] bytes(BlockKey key) {
        byte[] bytes = new byte[BYTES];
        new Random(key.hashCode()).nextBytes(bytes);
        return bytes;
    }

    static Optional<BlockKey> parent(List<BlockKey> chain, int at) {
        return at == 0 ? Optional.empty() : Optional.of(chain.get(at - 1));
    }

    static ChunkSource source(List<BlockKey> chain, int at) {
        return new OffloadCargo.Staged(chain.get(at), parent(chain, at), 1, BlockLabels.NONE, bytes(chain.get(at)));
    }
}
