package dev.kvern.launcher.bench.soak;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The first answer to each prompt, which all later ones must equal as far as both go. Safe for use by several threads; guarded
 * by this.
 */
final class FirstAnswers {
    private final Map<Integer, List<Integer>> answers = new HashMap<>();
    private long comparedTokens;

    /**
     * Compares an answer, or the beginning of one, and remembers what is longer than any before.
     *
     * @return what differs, if something does
     */
    synchronized Optional<String> check(int prompt, List<Integer> answer) {
        List<Integer> first = answers.getOrDefault(prompt, List.of());
        int common = Math.min(first.size(), answer.size());
        for (int i = 0; i < common; i++) {
            if (!first.get(i).equals(answer.get(i))) {
                return Optional.of("prompt " + prompt + ": token " + i + " is " + answer.get(i) + " (expected: "
                        + first.get(i) + ", as in its first answer)");
            }
        }
        comparedTokens += common;
        if (answer.size() > first.size()) {
            answers.put(prompt, List.copyOf(answer));
        }
        return Optional.empty();
    }

    /** Tokens that were there before and were equal. */
    synchronized long comparedTokens() {
        return comparedTokens;
    }

    /** Prompts that had an answer. */
    synchronized int prompts() {
        return answers.size();
    }
}
