package dev.kvern.runner.model;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/** The simplest way to generate: prefill in padded chunks of 64, then the likeliest token, one at a time. */
final class GreedyLoop implements AutoCloseable {
    static final int CHUNK = 64;

    private final Transformer model;
    private final KvMemory kv;
    private final int[] table;

    GreedyLoop(Transformer model, int tokens) {
        this.model = model;
        this.kv = model.allocate((tokens + 15) / 16);
        // Backwards, so that nothing depends on blocks being in order.
        this.table =
                IntStream.range(0, kv.blocks()).map(i -> kv.blocks() - 1 - i).toArray();
    }

    /** Logits of each of the {@code count} tokens as it was chosen. */
    record Output(int[] tokens, List<float[]> logits) {}

    Output run(int[] prompt, int count) {
        float[] logits = {};
        for (int start = 0; start < prompt.length; start += CHUNK) {
            int[] chunk = Arrays.copyOfRange(prompt, start, Math.min(start + CHUNK, prompt.length));
            logits = model.step(kv, table, start, chunk, CHUNK, 1);
        }
        int[] tokens = new int[count];
        var all = new ArrayList<float[]>();
        for (int i = 0; i < count; i++) {
            all.add(logits);
            tokens[i] = largest(logits);
            if (i + 1 < count) {
                logits = model.step(kv, table, prompt.length + i, new int[] {tokens[i]}, 1, 1);
            }
        }
        return new Output(tokens, all);
    }

    static int largest(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        return best;
    }

    @Override
    public void close() {
        kv.close();
    }
}
