package dev.kvern.runner.engine;

import dev.kvern.block.ModelDigest;
import dev.kvern.runner.model.DecodeRow;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.ModelSpec;
import dev.kvern.runner.model.NotFiniteException;
import dev.kvern.runner.model.OutOfDeviceMemoryException;
import dev.kvern.runner.model.Transformer;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.function.IntPredicate;

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

    /** Stands for keys and values that are no finite numbers. */
    private static final long NOT_FINITE = Long.MIN_VALUE;

    /** What is not finite of a token's results. */
    enum Defect {
        NONE,
        KEYS_AND_VALUES,
        LOGITS
    }

    /** What is wrong with the token at a position. */
    @FunctionalInterface
    interface Defects {
        Defect of(int token, int position);
    }

    private final int blockTokens;
    private final int chunkTokens;

    /** Called with the number of tokens before each step. */
    volatile IntConsumer onStep = tokens -> {};

    /** Called with the number of rows before each batch. */
    volatile IntConsumer onDecode = rows -> {};

    /** Larger decode batches fail, for a reason that nobody knows. */
    volatile int batchLimit = Integer.MAX_VALUE;

    /** Rows of a step, or of a batch, for which the device has no memory. */
    volatile IntPredicate noMemoryFor = rows -> false;

    volatile Defects defects = (token, position) -> Defect.NONE;

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
            requireMemory(rows);
            checkChunks(memory, blockTable, position, tokens.length, rows);
        }
        boolean finite = true;
        for (int i = 0; i < tokens.length; i++) {
            int at = position + i;
            boolean defect = defects.of(tokens[i], at) == Defect.KEYS_AND_VALUES;
            finite &= !defect;
            memory.values[blockTable[at / blockTokens]][at % blockTokens] =
                    (defect ? NOT_FINITE : entry(tokens[i], at)) | (rows == 1 ? DECODED : 0);
        }
        if (!finite && rows > 1) {
            throw new NotFiniteException(
                    "keys or values at positions " + position + " to " + (position + tokens.length - 1) + ": NaN");
        }
        float[] logits = new float[logitRows * VOCABULARY];
        for (int row = 0; row < logitRows; row++) {
            int last = position + tokens.length - logitRows + row;
            long sum = 0;
            boolean whole = defects.of(tokens[last - position], last) != Defect.LOGITS;
            for (int at = 0; at <= last; at++) {
                long value = memory.values[blockTable[at / blockTokens]][at % blockTokens];
                whole &= (value & ~DECODED) != NOT_FINITE;
                sum = fold(sum, value);
            }
            logits[row * VOCABULARY + choice(sum)] = whole ? 1 : Float.NaN;
        }
        return logits;
    }

    private void requireMemory(int rows) {
        if (noMemoryFor.test(rows)) {
            throw new OutOfDeviceMemoryException("no memory for " + rows + " rows", null);
        }
    }

    @Override
    public float[] decode(KvMemory kv, List<DecodeRow> rows) {
        onDecode.accept(rows.size());
        if (rows.size() > batchLimit) {
            throw new IllegalStateException("a batch of " + rows.size() + " rows");
        }
        requireMemory(rows.size());
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

        /** Whether a block holds something that is no finite number. */
        boolean anyNotFinite() {
            for (long[] block : values) {
                for (long value : block) {
                    if ((value & ~DECODED) == NOT_FINITE) {
                        return true;
                    }
                }
            }
            return false;
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
