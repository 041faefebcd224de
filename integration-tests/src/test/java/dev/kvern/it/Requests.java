package dev.kvern.it;

import dev.kvern.v1.CacheControl;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.TokenIds;
import java.util.List;
import java.util.Random;

/** Requests whose answers are determined: greedy, of a given length. */
public final class Requests {
    /** Neither read from a cache nor leave anything in one. */
    public static final CacheControl NO_CACHE = CacheControl.newBuilder()
            .setReadLocal(false)
            .setReadCluster(false)
            .setWrite(false)
            .build();

    /** What is reused comes from the cache nodes. */
    public static final CacheControl CLUSTER_ONLY =
            CacheControl.newBuilder().setReadLocal(false).setWrite(false).build();

    private static final int FIRST_PLAIN_TOKEN = 10;
    private static final int VOCABULARY = 1280;

    private Requests() {}

    /** Random tokens: equal seeds begin equally, different ones share nothing. */
    public static Prompt prompt(long seed, int tokens) {
        var ids = TokenIds.newBuilder();
        new Random(seed).ints(tokens, FIRST_PLAIN_TOKEN, VOCABULARY).forEach(ids::addIds);
        return Prompt.newBuilder().setTokenIds(ids).build();
    }

    public static Prompt prompt(List<Integer> tokens) {
        return Prompt.newBuilder()
                .setTokenIds(TokenIds.newBuilder().addAllIds(tokens))
                .build();
    }

    public static Prompt text(String text) {
        return Prompt.newBuilder().setText(text).build();
    }

    public static GenerateRequest.Builder greedy(Prompt prompt, int maxTokens) {
        return GenerateRequest.newBuilder()
                .setPrompt(prompt)
                .setMaxTokens(maxTokens)
                .setIgnoreEos(true)
                .setSampling(SamplingParameters.newBuilder().setTemperature(0));
    }
}
