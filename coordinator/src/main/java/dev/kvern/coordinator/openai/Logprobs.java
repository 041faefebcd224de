package dev.kvern.coordinator.openai;

import dev.kvern.v1.TokenLogprobs;
import java.util.List;

/** What both kinds of log probabilities have in common. */
final class Logprobs {
    /** What OpenAI gives for a token that is out of the question; JSON has no infinity. */
    private static final float IMPOSSIBLE = -9999;

    private Logprobs() {}

    static float finite(float logprob) {
        return Float.isFinite(logprob) ? logprob : IMPOSSIBLE;
    }

    /** Code points of a token's text. */
    static int length(TokenLogprobs token) {
        String text = token.getChosen().getText();
        return text.codePointCount(0, text.length());
    }

    static int length(List<TokenLogprobs> tokens) {
        return tokens.stream().mapToInt(Logprobs::length).sum();
    }
}
