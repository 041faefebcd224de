package dev.kvern.runner.model;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Which tensors a checkpoint must have, and the order in which decoder.ts.py takes them: query, key and value stacked
 * into one matrix, gate and up into another, because one large product is faster than several small ones. Immutable.
 *
 * @param embedding the token embedding, {@code [vocabulary, hidden]}
 * @param norm the last norm
 * @param output the output projection; no parts if it is the embedding
 * @param layers all layers' weights, {@value #PER_LAYER} a layer
 */
public record WeightPlan(WeightSlot embedding, WeightSlot norm, WeightSlot output, List<WeightSlot> layers) {
    static final int PER_LAYER = 11;

    /** Places of a layer's matrices among its weights; the others are vectors. */
    private static final Set<Integer> MATRICES = Set.of(1, 4, 7, 9);

    public WeightPlan {
        layers = List.copyOf(layers);
    }

    /** The plan for a model. */
    public static WeightPlan of(ModelConfig config) {
        long vocabulary = config.vocabularySize();
        long hidden = config.hiddenSize();
        var layers = new ArrayList<WeightSlot>();
        for (int layer = 0; layer < config.layers(); layer++) {
            addLayer(layers, config, "model.layers." + layer + ".");
        }
        return new WeightPlan(
                slot(part("model.embed_tokens.weight", vocabulary, hidden)),
                slot(part("model.norm.weight", hidden)),
                config.tiedEmbeddings() ? slot() : slot(part("lm_head.weight", vocabulary, hidden)),
                layers);
    }

    /** Whether a weight, counted over all layers, is a matrix that multiplies. */
    public static boolean isMatrix(int layerWeight) {
        return MATRICES.contains(layerWeight % PER_LAYER);
    }

    private static void addLayer(List<WeightSlot> layers, ModelConfig config, String prefix) {
        long hidden = config.hiddenSize();
        long inner = config.intermediateSize();
        long headDim = config.headDim();
        long queries = config.heads() * headDim;
        long keys = config.kvHeads() * headDim;
        String attention = prefix + "self_attn.";
        String mlp = prefix + "mlp.";
        layers.add(slot(part(prefix + "input_layernorm.weight", hidden)));
        layers.add(slot(
                part(attention + "q_proj.weight", queries, hidden),
                part(attention + "k_proj.weight", keys, hidden),
                part(attention + "v_proj.weight", keys, hidden)));
        layers.add(
                config.qkvBias()
                        ? slot(
                                part(attention + "q_proj.bias", queries),
                                part(attention + "k_proj.bias", keys),
                                part(attention + "v_proj.bias", keys))
                        : slot());
        layers.add(headNorm(config, attention));
        layers.add(slot(part(attention + "o_proj.weight", hidden, queries)));
        layers.add(config.outputBias() ? slot(part(attention + "o_proj.bias", hidden)) : slot());
        layers.add(slot(part(prefix + "post_attention_layernorm.weight", hidden)));
        layers.add(slot(part(mlp + "gate_proj.weight", inner, hidden), part(mlp + "up_proj.weight", inner, hidden)));
        layers.add(
                config.mlpBias()
                        ? slot(part(mlp + "gate_proj.bias", inner), part(mlp + "up_proj.bias", inner))
                        : slot());
        layers.add(slot(part(mlp + "down_proj.weight", hidden, inner)));
        layers.add(config.mlpBias() ? slot(part(mlp + "down_proj.bias", hidden)) : slot());
    }

    /** The query heads' norm once for each query head, then the key heads' once for each of those. */
    private static WeightSlot headNorm(ModelConfig config, String attention) {
        if (!config.qkNorm()) {
            return slot();
        }
        long headDim = config.headDim();
        var parts = new ArrayList<WeightSlot.Part>();
        parts.addAll(Collections.nCopies(config.heads(), part(attention + "q_norm.weight", headDim)));
        parts.addAll(Collections.nCopies(config.kvHeads(), part(attention + "k_norm.weight", headDim)));
        return new WeightSlot(parts);
    }

    /** All slots, the model's own first. */
    public List<WeightSlot> slots() {
        var slots = new ArrayList<>(List.of(embedding, norm, output));
        slots.addAll(layers);
        return slots;
    }

    /** The tensors that are needed, by name in order, and their shapes. */
    public Map<String, List<Long>> tensors() {
        var tensors = new TreeMap<String, List<Long>>();
        for (WeightSlot slot : slots()) {
            slot.parts().forEach(part -> tensors.put(part.tensor(), part.shape()));
        }
        return tensors;
    }

    private static WeightSlot slot(WeightSlot.Part... parts) {
        return new WeightSlot(List.of(parts));
    }

    private static WeightSlot.Part part(String tensor, Long... shape) {
        return new WeightSlot.Part(tensor, List.of(shape));
    }
}
