package dev.kvern.launcher.demo;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.Usage;

/**
 * One request of the demo.
 *
 * @param conversation whose it is
 * @param title what the conversation shows
 * @param prompt what the user said
 * @param prefixGroup equal for requests that begin with the same long text
 * @param answer what came
 */
record DemoResult(String conversation, String title, String prompt, String prefixGroup, GenerationResult answer) {
    /** Nothing of it was cached. */
    boolean cold() {
        return answer.cachedTokens() == 0;
    }

    /** Most of it came from the other machine, and nothing from this runner's own pool. */
    boolean warmFromCluster() {
        return usage().getCachedLocalTokens() + usage().getCachedHostTokens() == 0
                && 2 * usage().getCachedClusterTokens() > usage().getPromptTokens();
    }

    Usage usage() {
        return answer.usage();
    }
}
