package dev.kvern.block;

import java.util.ArrayList;
import java.util.List;

/**
 * The chain of digests over a token sequence, as vLLM computes it with {@code sha256_cbor}
 * (vllm/v1/core/kv_cache_utils.py, {@code hash_block_tokens}): {@code digest = SHA-256(CBOR([parent digest, [token
 * ids], extra]))}. A digest so names its block's tokens and every token before them. {@code extra} is null: adapters
 * and images are not supported yet.
 *
 * <p>The root, parent of every first block, is {@code SHA-256(CBOR("0"))}: vLLM's {@code NONE_HASH} under
 * {@code PYTHONHASHSEED=0}. Immutable.
 */
public final class BlockChain {
    /** Tokens in a block where nothing else is configured. */
    public static final int DEFAULT_BLOCK_TOKENS = 16;

    private static final BlockDigest ROOT =
            BlockDigest.wrap(sha256(new CanonicalCbor().text("0").toByteArray()));

    private final int blockTokens;

    /** @param blockTokens tokens in a block, at least 1 */
    public BlockChain(int blockTokens) {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("block_tokens: " + blockTokens + " (expected: at least 1)");
        }
        this.blockTokens = blockTokens;
    }

    /** The parent of every first block. */
    public static BlockDigest root() {
        return ROOT;
    }

    /** Tokens in a block. */
    public int blockTokens() {
        return blockTokens;
    }

    /** The digest of the block {@code tokens[from, from + blockTokens)} behind {@code parent}. */
    public BlockDigest next(BlockDigest parent, int[] tokens, int from) {
        var cbor = new CanonicalCbor().array(3).bytes(parent.hash().bytes()).array(blockTokens);
        for (int i = from; i < from + blockTokens; i++) {
            cbor.unsigned(tokens[i]);
        }
        return BlockDigest.wrap(sha256(cbor.nil().toByteArray()));
    }

    /** The digests of all full blocks of {@code tokens}, in order; the tail that fills no block has none. */
    public List<BlockDigest> digests(int[] tokens) {
        var chain = new ArrayList<BlockDigest>(tokens.length / blockTokens);
        BlockDigest parent = ROOT;
        for (int from = 0; from + blockTokens <= tokens.length; from += blockTokens) {
            parent = next(parent, tokens, from);
            chain.add(parent);
        }
        return List.copyOf(chain);
    }

    private static byte[] sha256(byte[] bytes) {
        return Sha256.newDigest().digest(bytes);
    }
}
