package dev.kvern.runner.engine;

import dev.kvern.runner.model.NotFiniteException;
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
    private final Deque<Prompt> waiting = new ArrayDeque<>();
    private @Nullable Prompt current;

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
        waiting.add(new Prompt(tokens, keySpace.keys(tokens, finished.task.salt()), true, true, chunk, false));
    }

    /** Computes a chunk; false if there is none to compute. */
    boolean step() {
        if (current == null && !begin()) {
            return false;
        }
        Prompt prompt = current;
        if (prompt == null) {
            return true;
        }
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
        return true;
    }

    /** Gives the blocks of the text under way back and forgets it; false if there was none. */
    boolean release() {
        if (current == null) {
            return false;
        }
        current.release();
        current = null;
        return true;
    }

    private boolean begin() {
        Prompt next = waiting.poll();
        if (next == null) {
            return false;
        }
        // Without room for it the text is dropped: it is a favour, not a duty.
        if (prefill.begin(next, 0)) {
            current = next;
        }
        return true;
    }
}
