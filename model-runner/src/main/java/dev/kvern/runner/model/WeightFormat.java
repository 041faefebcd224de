package dev.kvern.runner.model;

/** How the large matrices are kept where that is not the type of the arithmetic. */
public enum WeightFormat {
    /** In the type that the arithmetic is done in. */
    AS_COMPUTED,

    /** Half precision: half the memory of fp32; for few rows the input is rounded to it too. */
    FP16,

    /**
     * 8-bit integers with one scale for each row of the matrix (output channel), symmetric, rounded to nearest: a quarter of
     * fp32's memory, which is what bounds decoding. Activations stay what they are, rounded to bf16 for few rows.
     */
    INT8
}
