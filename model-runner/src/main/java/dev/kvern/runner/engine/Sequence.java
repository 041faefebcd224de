package dev.kvern.runner.engine;

import dev.kvern.runner.tier.Fetch;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
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

    /** Who goes first; the last of them is preempted first. It never changes, so that whoever is first comes to its end. */
    static final Comparator<Sequence> BY_URGENCY =
            Comparator.<Sequence>comparingLong(s -> s.urgency).thenComparingLong(s -> s.order);

    final GenerationTask task;
    final TokenStream stream;

    /** What is prefilled: the request's prompt; once it was preempted, also what it had generated. */
    Prompt prompt;

    /** When it came, less its priority's worth in time: waiting makes up for priority. */
    final long urgency;

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

    /** Whether the tier's turn to bring something has come since the last admission. */
    boolean offeredToTier;

    /** Whether its reader takes tokens, as it was when the turn began. */
    boolean readerReady = true;

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

    /** Since when its smallest step finds no memory; -1 while it does. */
    long shortSince = -1;

    /** Since when the reader takes nothing; -1 while it does. */
    long stalledSince = -1;

    /** Token counts by source as they were at the first token; recomputing changes them no more. */
    private int @Nullable [] sources;

    private List<PromptSpan> spans = List.of();

    /** Prompt tokens that its reader was told of. */
    private int reported = -1;

    /** @param ageingNanos what a step of priority is worth in waiting time */
    Sequence(
            GenerationTask task,
            TokenStream stream,
            Prompt prompt,
            long order,
            int maxNewTokens,
            long arrivedAt,
            long ageingNanos) {
        this.urgency = arrivedAt - task.priority() * ageingNanos;
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
        return length - task.prompt().length;
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

    /** Whether its next step gives a token other than the first, which goes to a reader that may not take it. */
    boolean continues() {
        return phase == Phase.DECODE || (phase == Phase.PREFILL && generated() > 0);
    }

    void firstToken(long now) {
        if (sources == null) {
            sources = prompt.sources();
            spans = prompt.spans.toList();
            ttftNanos = now - arrivedAt;
        }
    }

    Usage usage() {
        int[] counted = sources == null ? prompt.sources() : sources;
        return new Usage(
                task.prompt().length,
                generated(),
                counted[0],
                counted[1],
                counted[2],
                counted[3],
                ttftNanos,
                queueNanos,
                fetchNanos,
                sources == null ? prompt.spans.toList() : spans);
    }

    /** Tells its reader how far the prompt is, if that is news and there is room for it. */
    void reportProgress() {
        if (generated() == 0 && prompt.computed != reported && stream.wantsProgress() && stream.ready()) {
            reported = prompt.computed;
            stream.progress(prompt.progress());
        }
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
