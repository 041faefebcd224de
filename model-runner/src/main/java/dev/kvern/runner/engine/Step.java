package dev.kvern.runner.engine;

import java.util.List;

/**
 * What the model computes in a turn. The blocks for it are held.
 *
 * @param prefills chunks of prompts, the most urgent first
 * @param decodes requests that get a token each
 */
record Step(List<PrefillWork> prefills, List<Sequence> decodes) {
    Step {
        prefills = List.copyOf(prefills);
        decodes = List.copyOf(decodes);
    }

    boolean isEmpty() {
        return prefills.isEmpty() && decodes.isEmpty();
    }

    /**
     * A prompt's next chunks.
     *
     * @param chunks at least 1; the last of them may be the incomplete one at the prompt's end
     */
    record PrefillWork(Sequence sequence, int chunks) {}
}
