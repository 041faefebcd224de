package dev.kvern.runner.engine;

import dev.kvern.runner.tier.Fetch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** A request's state. Confined to the engine's thread, apart from {@link #cancelled}. */
final class Sequence {
    enum Phase {
        WAITING,
        FETCHING,
        PREFILL,
        DECODE,
        ENDED
    }

    final GenerationTask task;
    final TokenStream stream;
    final Prompt prompt;

    /** Grows with each accepted request. */
    final long order;

    final int maxNewTokens;
    final long arrivedAt;

    volatile boolean cancelled;
    Phase phase = Phase.WAITING;

    /** Prompt and generated tokens. */
    private int[] tokens;

    private int length;

    /** Tokens whose KV is there; that of the prompt's included. */
    int computed;

    @Nullable
    Fetch fetch;

    /** Whether the tier was asked already: after a preemption it is not asked again. */
    boolean fetched;

    /** Why it is to end now; null while it goes on. */
    @Nullable
    Ending ending;

    long admittedAt = -1;

    /** When it was preempted last. */
    long waitingSince;

    long queueNanos;
    long fetchStartedAt;
    long fetchNanos;
    long ttftNanos;

    /** Since when the reader takes nothing; -1 while it does. */
    long stalledSince = -1;

    /** Token counts by source as they were at the first token; recomputing changes them no more. */
    private int @Nullable [] sources;

    Sequence(GenerationTask task, TokenStream stream, Prompt prompt, long order, int maxNewTokens, long arrivedAt) {
        this.task = task;
        this.stream = stream;
        this.prompt = prompt;
        this.order = order;
        this.maxNewTokens = maxNewTokens;
        this.arrivedAt = arrivedAt;
        this.tokens = task.prompt();
        this.length = tokens.length;
    }

    int length() {
        return length;
    }

    int generated() {
        return length - prompt.tokens.length;
    }

    int token(int position) {
        return tokens[position];
    }

    void append(int token) {
        if (length == tokens.length) {
            tokens = Arrays.copyOf(tokens, length + Math.min(maxNewTokens, Math.max(64, length / 2)));
        }
        tokens[length++] = token;
    }

    int[] copyTokens(int count) {
        return Arrays.copyOf(tokens, count);
    }

    boolean holdsBlocks() {
        return phase == Phase.FETCHING || phase == Phase.PREFILL || phase == Phase.DECODE;
    }

    void firstToken(long now) {
        if (sources == null) {
            sources = prompt.sources();
            ttftNanos = now - arrivedAt;
        }
    }

    Usage usage() {
        int[] counted = sources == null ? prompt.sources() : sources;
        return new Usage(
                prompt.tokens.length,
                generated(),
                counted[0],
                counted[1],
                counted[2],
                counted[3],
                ttftNanos,
                queueNanos,
                fetchNanos);
    }

    /** Ends what is under way and gives all blocks back. */
    void release() {
        Fetch running = fetch;
        fetch = null;
        if (running != null) {
            running.cancel();
        }
        prompt.release();
        computed = 0;
    }
}
