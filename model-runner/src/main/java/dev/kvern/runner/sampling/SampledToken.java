package dev.kvern.runner.sampling;

import java.util.List;

/**
 * A chosen token.
 *
 * @param logprob natural logarithm of its probability after penalties and temperature (temperature 1 when greedy)
 * @param top the most probable tokens, most probable first; empty if none were asked for
 */
public record SampledToken(int id, float logprob, List<TopToken> top) {
    public SampledToken {
        top = List.copyOf(top);
    }

    /** A token and the logarithm of its probability. */
    public record TopToken(int id, float logprob) {}
}
