package dev.kvern.runner.model;

import dev.kvern.block.ModelDigest;

/**
 * What a loaded model is.
 *
 * @param architecture config.json's first architecture, such as "LlamaForCausalLM"
 * @param contextTokens most tokens of prompt and completion together
 * @param vocabularySize rows of the output projection
 * @param layers decoder layers
 * @param kvHeads key/value heads of a layer
 * @param headDim values of a head
 * @param kvDtype type of stored keys and values: "fp32", "bf16" or "fp16"
 * @param computeDtype type the arithmetic is done in
 * @param digest digest of configuration and weights
 */
public record ModelSpec(
        String architecture,
        int contextTokens,
        int vocabularySize,
        int layers,
        int kvHeads,
        int headDim,
        String kvDtype,
        String computeDtype,
        ModelDigest digest) {
    private static final int SHORT_DIGEST = 12;

    /** Architecture and the beginning of the digest, for messages: says which weights it was. */
    public String label() {
        return architecture + " " + digest.toHex().substring(0, SHORT_DIGEST);
    }

    /** Bytes of keys and values of one token over all layers. */
    public int kvBytesPerToken() {
        return 2 * layers * kvHeads * headDim * ("fp32".equals(kvDtype) ? 4 : 2);
    }
}
