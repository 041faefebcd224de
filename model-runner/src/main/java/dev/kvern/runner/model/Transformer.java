package dev.kvern.runner.model;

import java.util.List;
import java.util.OptionalLong;

/**
 * A loaded decoder-only transformer: immutable weights and the program that runs them. The sequence's state is not here but
 * in a {@link KvMemory} and the block table that says which of its blocks a sequence has.
 *
 * <p>{@link #step} is confined to one thread at a time; the rest is immutable.
 */
public interface Transformer extends AutoCloseable {
    /** What the model is: shape, limits, digest. */
    ModelSpec spec();

    /**
     * Reserves KV blocks on the model's device. The caller closes it before the model.
     *
     * @param blocks how many, at least 1
     * @throws dev.kvern.rpc.KvernException MISCONFIGURED, with what is free, if there is no memory for them
     */
    KvMemory allocate(int blocks);

    /** Bytes of the model's device that nobody uses; empty if its memory is the host's. */
    default OptionalLong freeDeviceBytes() {
        return OptionalLong.empty();
    }

    /**
     * Runs the largest calls that are to be expected once, so that the memory they need beside weights and blocks is taken, and
     * kept, before {@link #freeDeviceBytes} is asked. Does nothing where the device's memory is the host's.
     *
     * @param rows most rows of a {@link #step}
     * @param sequences most rows of a {@link #decode}
     * @throws dev.kvern.rpc.KvernException MISCONFIGURED if the device has not as much
     */
    default void rehearse(int rows, int sequences) {}

    /**
     * Runs some consecutive tokens of one sequence: writes their keys and values, returns logits of the last of them.
     *
     * <p>The arithmetic is done on {@code rows} rows whatever the number of tokens, the rest being padding whose results go
     * nowhere. So the values written depend on (position, rows, the tokens up to each one) alone, bit for bit: two runs
     * that cut a prompt at the same places get the same values, however many tokens each had left to compute.
     *
     * @param kv holds the keys and values of positions [0, position), and takes the new ones
     * @param blockTable the sequence's blocks in order; covers at least position + tokens.length tokens
     * @param position position of {@code tokens[0]} in the sequence, at least 0
     * @param tokens 1 to {@code rows} ids of the vocabulary
     * @param rows rows to compute, at least {@code tokens.length}; a multiple of {@link LoadOptions#chunkTokens} gives the
     *     values of as many calls of one chunk each, on the CPU in fp32 bit for bit
     * @param logitRows for how many of the last tokens logits are wanted, 0 to {@code tokens.length}
     * @return fp32 logits, {@code [logitRows][vocabulary]} row after row, finite or not; empty if none are wanted
     * @throws NotFiniteException if a key or value that was written is NaN or infinite
     * @throws OutOfDeviceMemoryException if there is no memory to run so many rows
     */
    float[] step(KvMemory kv, int[] blockTable, int position, int[] tokens, int rows, int logitRows);

    /**
     * Runs the next token of each of several sequences in one call: writes their keys and values, returns their logits. The
     * weights are read once for all.
     *
     * @param kv holds the keys and values of the positions before, and takes the new ones
     * @param rows at least one, no two of the same sequence
     * @return fp32 logits, {@code [rows][vocabulary]} row after row, finite or not: a key or value that is not shows in them
     * @throws OutOfDeviceMemoryException if there is no memory to run so many rows
     */
    default float[] decode(KvMemory kv, List<DecodeRow> rows) {
        int vocabulary = spec().vocabularySize();
        float[] logits = new float[rows.size() * vocabulary];
        for (int i = 0; i < rows.size(); i++) {
            DecodeRow row = rows.get(i);
            float[] one = step(kv, row.blockTable(), row.position(), new int[] {row.token()}, 1, 1);
            System.arraycopy(one, 0, logits, i * vocabulary, vocabulary);
        }
        return logits;
    }

    @Override
    void close();
}
