package dev.kvern.runner.model;

/**
 * Rotary position embedding: how fast each pair of head values turns with the position.
 *
 * @param type how the base frequencies are changed to stretch the context
 * @param theta base of the frequencies: pair i of n turns by theta^(-i/n) radians a token
 * @param factor by how much the context is stretched; 1 for {@link Type#DEFAULT}
 * @param lowFreqFactor llama3 only, else 0: wavelengths above originalContext/lowFreqFactor are stretched in full
 * @param highFreqFactor llama3 only, else 0: wavelengths below originalContext/highFreqFactor are left alone
 * @param originalContext llama3 only, else 0: tokens of context in pre-training
 */
public record RopeScaling(
        Type type, double theta, double factor, double lowFreqFactor, double highFreqFactor, double originalContext) {
    /** The ways to stretch the context; names as in config.json in lower case. */
    public enum Type {
        /** As trained. */
        DEFAULT,
        /** All frequencies divided by the factor. */
        LINEAR,
        /** Low frequencies divided by the factor, high ones kept, those between interpolated (Llama 3.1). */
        LLAMA3
    }
}
