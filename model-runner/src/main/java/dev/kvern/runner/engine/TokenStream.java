package dev.kvern.runner.engine;

import dev.kvern.rpc.KvernException;
import java.util.List;

/**
 * The other end of a generation: chooses tokens and passes them on. The engine knows nothing of sampling and of text.
 * Called on the engine's thread only, one call at a time, and must not block; after {@link #finished} or {@link #failed},
 * one of which always comes, there is no further call.
 */
public interface TokenStream {
    /**
     * The token that was chosen.
     *
     * @param stop whether generation ends with it
     */
    record Choice(int token, boolean stop) {}

    /**
     * Chooses the next token and passes it on.
     *
     * @param logits fp32, finite, one for each id of the vocabulary; may be changed
     */
    Choice next(float[] logits);

    /** Whether a token can be passed on now. If not the request pauses; whoever changes this wakes the engine. */
    boolean ready();

    /** Whether {@link #progress} is wanted. */
    default boolean wantsProgress() {
        return false;
    }

    /** More of the prompt is there, before the first token. */
    default void progress(List<PromptSpan> spans) {}

    /** All is generated. */
    void finished(Ending ending, Usage usage);

    /** Nothing more comes. */
    void failed(KvernException failure);
}
