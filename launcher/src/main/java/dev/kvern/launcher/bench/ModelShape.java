package dev.kvern.launcher.bench;

/**
 * The shape of a Llama with grouped queries.
 *
 * @param name of its directory
 * @param context most positions
 */
record ModelShape(
        String name, int layers, int hidden, int heads, int kvHeads, int feedForward, int vocabulary, int context) {
    /** What figures are given for: 124 million weights. */
    static final ModelShape REFERENCE = new ModelShape("reference", 12, 768, 12, 4, 2048, 32_000, 16_384);

    /** config.json */
    String configJson() {
        return """
                {
                  "architectures": ["LlamaForCausalLM"],
                  "model_type": "llama",
                  "vocab_size": %d,
                  "hidden_size": %d,
                  "intermediate_size": %d,
                  "num_hidden_layers": %d,
                  "num_attention_heads": %d,
                  "num_key_value_heads": %d,
                  "head_dim": %d,
                  "max_position_embeddings": %d,
                  "rms_norm_eps": 1e-05,
                  "rope_theta": 10000.0,
                  "hidden_act": "silu",
                  "tie_word_embeddings": false,
                  "torch_dtype": "float32"
                }
                """.formatted(vocabulary, hidden, feedForward, layers, heads, kvHeads, hidden / heads, context);
    }
}
