package dev.kvern.runner.model;

import java.nio.file.Path;
import java.util.List;

/**
 * What config.json says about the arithmetic of a decoder. Immutable.
 *
 * @param architecture the family
 * @param vocabularySize rows of the embedding and of the output projection
 * @param hiddenSize width of the residual stream
 * @param intermediateSize width of the feed-forward layer
 * @param layers decoder layers
 * @param heads query heads of a layer
 * @param kvHeads key/value heads of a layer; divides {@code heads}
 * @param headDim values of a head; even
 * @param contextTokens most positions the model was made for
 * @param rmsNormEps added to the mean square under the norm's root
 * @param rope rotary position embedding
 * @param qkvBias biases on query, key and value projections
 * @param outputBias a bias on the attention's output projection
 * @param mlpBias biases on the three feed-forward projections
 * @param qkNorm an RMS norm on each query and key head
 * @param tiedEmbeddings the output projection is the embedding
 * @param windows for each layer how many of the last positions, its own included, a token attends to; 0 for all
 */
public record ModelConfig(
        Architecture architecture,
        int vocabularySize,
        int hiddenSize,
        int intermediateSize,
        int layers,
        int heads,
        int kvHeads,
        int headDim,
        int contextTokens,
        double rmsNormEps,
        RopeScaling rope,
        boolean qkvBias,
        boolean outputBias,
        boolean mlpBias,
        boolean qkNorm,
        boolean tiedEmbeddings,
        List<Integer> windows) {
    public ModelConfig {
        windows = List.copyOf(windows);
    }

    /** Numbers in a token's keys and values, over all layers. */
    public int kvValuesPerToken() {
        return 2 * layers * kvHeads * headDim;
    }

    /**
     * Reads a Hugging Face config.json, in the form of transformers 4 or 5.
     *
     * @throws dev.kvern.rpc.KvernException MISCONFIGURED with every mistake: key, value and what was expected
     */
    public static ModelConfig read(Path configJson) {
        return ModelConfigReader.read(configJson);
    }
}
