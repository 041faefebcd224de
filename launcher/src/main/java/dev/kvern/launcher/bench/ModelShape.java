package dev.kvern.launcher.bench;

import java.util.List;
import java.util.Optional;

/**
 * The shape of a Llama with grouped queries.
 *
 * @param name of its directory
 * @param context most positions
 * @param type of the stored weights, as config.json names it: float32 or bfloat16
 */
record ModelShape(
        String name,
        int layers,
        int hidden,
        int heads,
        int kvHeads,
        int feedForward,
        int vocabulary,
        int context,
        String type) {
    /** What figures are given for on the CPU: 124 million weights. */
    static final ModelShape REFERENCE = new ModelShape("reference", 12, 768, 12, 4, 2048, 32_000, 16_384);

    /** What figures are given for on a GPU: 8 billion weights, shaped as Llama 3.1's. */
    static final ModelShape LLAMA_8B = new ModelShape("llama-8b", 32, 4096, 32, 8, 14_336, 128_256, 32_768, "bfloat16");

    static final List<ModelShape> ALL = List.of(REFERENCE, LLAMA_8B);

    /** One with fp32 weights. */
    ModelShape(
            String name, int layers, int hidden, int heads, int kvHeads, int feedForward, int vocabulary, int context) {
        this(name, layers, hidden, heads, kvHeads, feedForward, vocabulary, context, "float32");
    }

    /** The shape of that name. */
    static Optional<ModelShape> named(String name) {
        return ALL.stream().filter(shape -> shape.name.equals(name)).findFirst();
    }

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
                  "torch_dtype": "%s"
                }
                """.formatted(vocabulary, hidden, feedForward, layers, heads, kvHeads, hidden / heads, context, type);
    }
}
