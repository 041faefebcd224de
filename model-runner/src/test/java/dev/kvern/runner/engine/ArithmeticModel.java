package dev.kvern.runner.engine;

import dev.kvern.block.ModelDigest;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.ModelSpec;
import dev.kvern.runner.model.Transformer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntConsumer;

/**
 * A transformer of whole numbers. A token's "keys and values" are one long, mixed from the token and its position; a token's
 * logits come from the longs of all positions up to it, read through the block table. So a wrong block or a wrong position
 * changes what is generated. The last bit says whether decoding wrote it, which rounds otherwise than prefill does: it
 * changes no token, but a chunk is never to be computed after one. {@link #expected} computes the same without blocks.
 */
final class ArithmeticModel implements Transformer {
    static final int VOCABULARY = 97;
    static final int CONTEXT = 2_048;

    private static final long DECODED = 1;

    private final int blockTokens;
    private final int chunkTokens;

    /** Called with the number of tokens before each step. */
    volatile IntConsumer onStep = tokens -> {};

    /** Larger decode batches fail, as they do where the device's memory is short. */
    volatile int batchLimit = Integer.MAX_VALUE;

    ArithmeticModel(int blockTokens, int chunkTokens) {
        this.blockTokens = blockTokens;
        this.chunkTokens = chunkTokens;
    }

    @Override
    public ModelSpec spec() {
        return new ModelSpec(
                "ArithmeticForCausalLM", CONTEXT, VOCABULARY, 1, 1, 1, "fp32", "fp32", ModelDigest.wrap(new byte[32]));
    }

    @Override
    public Memory allocate(int blocks) {
        return new Memory(blocks, blockTokens);
    }

    @Override
    public float[] step(KvMemory kv, int[] blockTable, int position, int[] tokens, int rows, int logitRows) {
        onStep.accept(tokens.length);
        var memory = (Memory) kv;
        if (rows > 1) {
            checkChunks(memory, blockTable, position, tokens.length, rows);
        }
        for (int i = 0; i < tokens.length; i++) {
            int at = position + i;
            memory.values[blockTable[at / blockTokens]][at % blockTokens] =
                    entry(tokens[i], at) | (rows == 1 ? DECODED : 0);
        }
        float[] logits = new float[logitRows * VOCABULARY];
        for (int row = 0; row < logitRows; row++) {
            int last = position + tokens.length - logitRows + row;
            long sum = 0;
            for (int at = 0; at <= last; at++) {
                sum = fold(sum, memory.values[blockTable[at / blockTokens]][at % blockTokens]);
            }
            logits[row * VOCABULARY + choice(sum)] = 1;
        }
        return logits;
    }

    @Override
    public float[] decode(KvMemory kv, List<DecodeRow> rows) {
        if (rows.size() > batchLimit) {
            throw new IllegalStateException("out of memory for " + rows.size() + " rows");
        }
        return Transformer.super.decode(kv, rows);
    }

    /** What greedy decoding gives for a prompt. */
    int[] expected(int[] prompt, int count) {
        long sum = 0;
        for (int at = 0; at < prompt.length; at++) {
            sum = fold(sum, entry(prompt[at], at));
        }
        int[] generated = new int[count];
        for (int i = 0; i < count; i++) {
            generated[i] = choice(sum);
            sum = fold(sum, entry(generated[i], prompt.length + i));
        }
        return generated;
    }

    private void checkChunks(Memory memory, int[] blockTable, int position, int tokens, int rows) {
        if (position % chunkTokens != 0 || rows != tokens) {
            throw new AssertionError(tokens + " tokens at " + position + " on " + rows + " rows");
        }
        for (int at = 0; at < position; at++) {
            if ((memory.values[blockTable[at / blockTokens]][at % blockTokens] & DECODED) != 0) {
                throw new AssertionError("a chunk at " + position + " after position " + at + ", which was decoded");
            }
        }
    }

    private static long entry(int token, int position) {
        long mixed = (token * 0x9E3779B97F4A7C15L) ^ (position * 0xC2B2AE3D27D4EB4FL);
        return (mixed ^ (mixed >>> 29)) * 0xBF58476D1CE4E5B9L & ~DECODED;
    }

    private static long fold(long sum, long entry) {
        return (sum ^ (entry & ~DECODED)) * 0x100000001B3L + 1;
    }

    private static int choice(long sum) {
        return (int) Long.remainderUnsigned(sum ^ (sum >>> 32), VOCABULARY);
    }

    @Override
    public void close() {}

    /** Longs in place of tensors. */
    static final class Memory implements KvMemory {
        private final long[][] values;

        Memory(int blocks, int blockTokens) {
            values = new long[blocks][blockTokens];
        }

        @Override
        public int blocks() {
            return values.length;
        }

        @Override
        public int blockTokens() {
            return values[0].length;
        }

        @Override
        public int blockBytes() {
            return values[0].length * Long.BYTES;
        }

        @Override
        public void read(int block, ByteBuffer target) {
            target.order(ByteOrder.LITTLE_ENDIAN);
            for (long value : values[block]) {
                target.putLong(value);
            }
        }

        @Override
        public void write(int block, ByteBuffer source) {
            source.order(ByteOrder.LITTLE_ENDIAN);
            for (int i = 0; i < values[block].length; i++) {
                values[block][i] = source.getLong();
            }
        }

        @Override
        public void close() {}
    }
}
