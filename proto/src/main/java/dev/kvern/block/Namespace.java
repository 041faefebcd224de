package dev.kvern.block;

import java.util.Arrays;
import java.util.Locale;

/**
 * Everything besides the tokens that decides a block's values or who may see them.
 *
 * @param modelDigest 32 bytes over the model's configuration and weights, so that no other model's values are ever taken
 * @param kvDtype the stored values' type, such as "fp32" or "bf16"
 * @param computeDtype the type that the values were computed in
 * @param blockTokens tokens in a pool block (the unit of the digest chain)
 * @param chunkTokens tokens in a tier chunk and in a prefill step, a power of two times {@code blockTokens}
 * @param adapter the adapter's digest, or empty for the bare model
 * @param salt the tenant's cache salt, or empty for the shared space
 */
public record Namespace(
        ModelDigest modelDigest,
        String kvDtype,
        String computeDtype,
        int blockTokens,
        int chunkTokens,
        String adapter,
        String salt) {
    /**
     * The version of the payload layout and of this encoding. It goes up whenever the bytes of a block or their
     * meaning change, so that releases that differ never read each other's blocks.
     */
    public static final int LAYOUT_VERSION = 1;

    /** Checks the sizes. */
    public Namespace {
        if (blockTokens < 1) {
            throw new IllegalArgumentException("block_tokens: " + blockTokens + " (expected: at least 1)");
        }
        if (chunkTokens < blockTokens
                || chunkTokens % blockTokens != 0
                || Integer.bitCount(chunkTokens / blockTokens) != 1) {
            throw new IllegalArgumentException("chunk_tokens: " + chunkTokens
                    + " (expected: a power of two times block_tokens " + blockTokens + ")");
        }
        kvDtype = kvDtype.toLowerCase(Locale.ROOT);
        computeDtype = computeDtype.toLowerCase(Locale.ROOT);
    }

    /** The same values for another tenant. */
    public Namespace withSalt(String otherSalt) {
        return new Namespace(modelDigest, kvDtype, computeDtype, blockTokens, chunkTokens, adapter, otherSalt);
    }

    /** SHA-256 over the canonical CBOR array of a tag, the layout version and the fields in order. */
    public NamespaceId id() {
        byte[] encoded = new CanonicalCbor()
                .array(9)
                .text("kvern.namespace")
                .unsigned(LAYOUT_VERSION)
                .bytes(modelDigest.hash().bytes())
                .text(kvDtype)
                .text(computeDtype)
                .unsigned(blockTokens)
                .unsigned(chunkTokens)
                .text(adapter)
                .text(salt)
                .toByteArray();
        return NamespaceId.wrap(Sha256.newDigest().digest(encoded));
    }

    @Override
    public String toString() {
        // The salt is a secret of the tenant's: whoever knows it can ask which prompts were seen.
        return "Namespace["
                + String.join(
                        ", ",
                        Arrays.asList(
                                modelDigest.toHex().substring(0, 12),
                                kvDtype,
                                computeDtype,
                                blockTokens + "/" + chunkTokens,
                                salt.isEmpty() ? "shared" : "salted"))
                + "]";
    }
}
