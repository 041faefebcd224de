package dev.kvern.runner.model;

/**
 * One sequence's next token in a batch of several sequences.
 *
 * @param blockTable the sequence's blocks in order; covers at least position + 1 tokens; not changed by anyone meanwhile
 * @param position the token's place in the sequence, at least 0
 * @param token an id of the vocabulary
 */
// A carrier from the scheduler to the model, made for each step and compared by nobody: the array is not copied.
@SuppressWarnings("ArrayRecordComponent")
public record DecodeRow(int[] blockTable, int position, int token) {}
