package dev.kvern.runner.engine;

import dev.kvern.rpc.KvernException;
import java.util.OptionalInt;

/**
 * What a request may ask for.
 *
 * @param contextTokens most tokens of prompt and completion together
 * @param vocabularySize ids there are
 */
public record RequestLimits(int contextTokens, int vocabularySize) {
    /**
     * Checks a request's size and ids.
     *
     * @return most tokens to generate
     * @throws KvernException INVALID_ARGUMENT naming field, value and expectation
     */
    public int maxNewTokens(int[] prompt, OptionalInt maxTokens) {
        if (prompt.length == 0) {
            throw KvernException.invalid("prompt", "empty", "at least 1 token");
        }
        if (prompt.length >= contextTokens) {
            throw KvernException.invalid(
                    "prompt",
                    prompt.length + " tokens",
                    "at most " + (contextTokens - 1) + ": the context holds " + contextTokens
                            + " tokens, and one is to be generated");
        }
        for (int i = 0; i < prompt.length; i++) {
            if (prompt[i] < 0 || prompt[i] >= vocabularySize) {
                throw KvernException.invalid(
                        "prompt token " + i, Integer.toUnsignedString(prompt[i]), "0 to " + (vocabularySize - 1));
            }
        }
        int room = contextTokens - prompt.length;
        int asked = maxTokens.orElse(room);
        if (asked < 1) {
            throw KvernException.invalid("max_tokens", asked, "1 to " + room);
        }
        if (asked > room) {
            throw KvernException.invalid(
                    "max_tokens",
                    asked,
                    "at most " + room + ": the context holds " + contextTokens + " tokens, the prompt has "
                            + prompt.length);
        }
        return asked;
    }
}
