package dev.kvern.launcher.bench;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.engine.Ending;
import dev.kvern.runner.engine.TokenStream;
import dev.kvern.runner.engine.Usage;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** Takes the most probable token and notes when. Filled on the engine's thread, read after {@link #await}. */
final class GreedyStream implements TokenStream {
    private final List<Integer> tokens = new ArrayList<>();
    private final CompletableFuture<Usage> end = new CompletableFuture<>();
    private long firstAt;
    private long lastAt;

    @Override
    public Choice next(float[] logits) {
        int token = argmax(logits, 0, logits.length);
        tokens.add(token);
        lastAt = System.nanoTime();
        if (tokens.size() == 1) {
            firstAt = lastAt;
        }
        return new Choice(token, false);
    }

    /** The index, counted from {@code from}, of the largest of some values. */
    static int argmax(float[] values, int from, int count) {
        int best = from;
        for (int i = from + 1; i < from + count; i++) {
            if (values[i] > values[best]) {
                best = i;
            }
        }
        return best - from;
    }

    @Override
    public boolean ready() {
        return true;
    }

    @Override
    public void finished(Ending ending, Usage usage) {
        end.complete(usage);
    }

    @Override
    public void failed(KvernException failure) {
        end.completeExceptionally(failure);
    }

    void await() {
        try {
            end.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof KvernException failure ? failure : e;
        }
    }

    long firstAt() {
        return firstAt;
    }

    long lastAt() {
        return lastAt;
    }

    List<Integer> tokens() {
        return List.copyOf(tokens);
    }
}
