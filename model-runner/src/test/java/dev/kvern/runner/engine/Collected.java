package dev.kvern.runner.engine;

import dev.kvern.rpc.KvernException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;

/** A stream that takes the most probable token and keeps everything. */
class Collected implements TokenStream {
    final List<Integer> tokens = new ArrayList<>();
    final CompletableFuture<Usage> usage = new CompletableFuture<>();
    volatile @Nullable Ending ending;
    volatile boolean ready = true;
    volatile boolean wantsProgress;

    /** What was told of the prompt, in order. */
    final List<List<PromptSpan>> progress = new CopyOnWriteArrayList<>();

    private final int stopToken;

    Collected() {
        this(-1);
    }

    Collected(int stopToken) {
        this.stopToken = stopToken;
    }

    @Override
    public Choice next(float[] logits) {
        int best = 0;
        for (int i = 1; i < logits.length; i++) {
            best = logits[i] > logits[best] ? i : best;
        }
        tokens.add(best);
        return new Choice(best, best == stopToken);
    }

    @Override
    public boolean ready() {
        return ready;
    }

    @Override
    public boolean wantsProgress() {
        return wantsProgress;
    }

    @Override
    public void progress(List<PromptSpan> spans) {
        progress.add(spans);
    }

    @Override
    public void finished(Ending how, Usage took) {
        ending = how;
        try {
            SpanSums.check(took);
        } catch (AssertionError e) {
            usage.completeExceptionally(new IllegalStateException(e));
            return;
        }
        if (!usage.complete(took)) {
            throw new AssertionError("ended twice");
        }
    }

    @Override
    public void failed(KvernException failure) {
        if (!usage.completeExceptionally(failure)) {
            throw new AssertionError("ended twice");
        }
    }

    Usage await() {
        try {
            return usage.get(20, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException cause) {
                throw cause;
            }
            throw new AssertionError(e);
        } catch (InterruptedException | TimeoutException e) {
            throw new AssertionError("no end after " + tokens.size() + " tokens", e);
        }
    }

    int[] array() {
        return tokens.stream().mapToInt(Integer::intValue).toArray();
    }
}
