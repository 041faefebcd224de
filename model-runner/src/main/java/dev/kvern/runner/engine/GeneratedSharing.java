package dev.kvern.runner.engine;

import dev.kvern.runner.model.NotFiniteException;
import dev.kvern.telemetry.RequestScope;
import io.grpc.Context;
import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Makes finished requests' own tokens reusable. Decoding computes a row at a time, whose bits differ from those of a prefill
 * chunk, so its blocks are not shared; here the whole text is taken through prefill once more, as a prompt of a chat's next
 * turn would be, a chunk at a time and only when nobody waits. Bounded: the oldest texts go. Confined to the engine's
 * thread.
 */
final class GeneratedSharing {
    private static final int MAX_WAITING = 16;

    private final Prefill prefill;
    private final KeySpace keySpace;
    private final EngineOptions options;
    private final Deque<Shared> waiting = new ArrayDeque<>();
    private @Nullable Shared current;

    /** A text and what it is computed for. */
    private record Shared(Prompt prompt, Context request) {}

    GeneratedSharing(Prefill prefill, KeySpace keySpace, EngineOptions options) {
        this.prefill = prefill;
        this.keySpace = keySpace;
        this.options = options;
    }

    /** Takes a finished request's tokens, if they fill a chunk that its prompt alone did not. */
    void offer(Sequence finished) {
        int chunk = options.chunkTokens();
        int whole = finished.length() / chunk * chunk;
        if (!options.shareGenerated() || !finished.task.write() || whole <= finished.task.prompt().length) {
            return;
        }
        int[] tokens = finished.copyTokens(whole);
        if (waiting.size() == MAX_WAITING) {
            waiting.removeFirst();
        }
        waiting.add(new Shared(
                new Prompt(tokens, keySpace.keys(tokens, finished.task.salt()), true, true, chunk, false),
                finished.task.context()));
    }

    /** Computes a chunk; false if there is none to compute. */
    boolean step() {
        if (current == null && !begin()) {
            return false;
        }
        Shared shared = current;
        if (shared != null) {
            RequestScope.run(shared.request(), () -> step(shared.prompt()));
        }
        return true;
    }

    private void step(Prompt prompt) {
        prefill.adopt(prompt);
        if (!prompt.done()) {
            try {
                prefill.step(prompt, 1, false);
            } catch (NotFiniteException e) {
                prefill.clear(prompt);
                throw e;
            }
        }
        if (prompt.done()) {
            prefill.offload(prompt);
            release();
        }
    }

    /** Gives the blocks of the text under way back and forgets it; false if there was none. */
    boolean release() {
        if (current == null) {
            return false;
        }
        current.prompt().release();
        current = null;
        return true;
    }

    private boolean begin() {
        Shared next = waiting.poll();
        if (next == null) {
            return false;
        }
        // Without room for it the text is dropped: it is a favour, not a duty.
        if (prefill.begin(next.prompt(), 0)) {
            current = next;
        }
        return true;
    }
}
