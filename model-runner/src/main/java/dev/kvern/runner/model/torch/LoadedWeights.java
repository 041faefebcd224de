package dev.kvern.runner.model.torch;

import ai.djl.pytorch.engine.PtNDArray;

/**
 * The weights as decoder.ts.py takes them; owned by the manager that they were loaded with. Not copied: a carrier from the
 * loader to the transformer.
 *
 * @param tensors 3 for the model, 1 for the rotary frequencies, then those of the layers
 * @param scales one for the output projection, then one for each matrix of the layers; empty vectors where there is none
 * @param kind which product the matrices are for: see {@code linear} there
 */
@SuppressWarnings("ArrayRecordComponent")
record LoadedWeights(PtNDArray[] tensors, PtNDArray[] scales, long kind) {
    /** In the type that is computed in. */
    static final long PLAIN = 0;

    /** As oneDNN packs them. */
    static final long PACKED = 1;

    /** int8 with scales. */
    static final long INT8 = 2;

    /** fp16 under fp32 arithmetic. */
    static final long FP16 = 4;
}
