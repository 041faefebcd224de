package dev.kvern.launcher.bench;

import dev.kvern.runner.model.ModelConfig;
import dev.kvern.runner.model.WeightPlan;
import dev.kvern.runner.model.WeightSlot;

/**
 * The least that a model's arithmetic takes.
 *
 * @param layerWeights weights of all layers
 * @param headWeights weights of the output projection
 * @param attentionWidth values of a token's queries over all layers
 */
record ModelCost(long layerWeights, long headWeights, long attentionWidth) {
    static ModelCost of(ModelConfig config) {
        WeightPlan plan = WeightPlan.of(config);
        WeightSlot head = config.tiedEmbeddings() ? plan.embedding() : plan.output();
        return new ModelCost(
                plan.layers().stream().mapToLong(ModelCost::size).sum(),
                size(head),
                (long) config.layers() * config.heads() * config.headDim());
    }

    private static long size(WeightSlot slot) {
        return slot.shape().stream().reduce(1L, Math::multiplyExact);
    }

    /** Bytes that must be read for a token: every weight once, every key and value before it once. */
    double decodeBytes(String type, int kvBytesPerToken, double context) {
        return (double) (layerWeights + headWeights) * bytes(type) + kvBytesPerToken * context;
    }

    /** Multiplications and additions for a prompt whose last token's logits are wanted; attention sees what is before. */
    double prefillOperations(int tokens) {
        return 2.0 * (layerWeights * (double) tokens + headWeights) + 2.0 * attentionWidth * tokens * (tokens + 1.0);
    }

    /** Bytes of a weight. */
    static int bytes(String type) {
        return switch (type) {
            case "fp32" -> 4;
            case "bf16", "fp16" -> 2;
            default -> 1;
        };
    }
}
