package dev.kvern.runner.tier;

/** What the engine is doing now, as far as the tier minds. Safe for use by several threads. */
public interface ComputeActivity {
    /** Whether a prompt is being computed or fetched. */
    boolean prefilling();

    /** Whether an answer is being generated. */
    boolean decoding();
}
