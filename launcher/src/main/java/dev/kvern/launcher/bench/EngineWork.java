package dev.kvern.launcher.bench;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * What contenders are timed at.
 *
 * @param name for people
 * @param kind what of it is timed
 * @param requests all at once; token ids are seeded and random, so that nothing is shared
 */
record EngineWork(String name, Kind kind, List<Request> requests) {
    private static final int SEED = 7;

    /** From a request's arrival to ... */
    enum Kind {
        /** ... its first token. */
        PREFILL,
        /** From the first token to the last. */
        DECODE,
        /** ... the last token of the last request. */
        BATCH;

        String lowerCase() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * A greedy request.
     *
     * @param tokens how many to generate; end tokens do not end it
     */
    record Request(int[] prompt, int tokens) {}

    EngineWork {
        requests = List.copyOf(requests);
    }

    /** Tokens that the time is divided by. */
    int countedTokens() {
        return switch (kind) {
            case PREFILL -> requests.get(0).prompt().length;
            case DECODE -> requests.get(0).tokens() - 1;
            case BATCH -> requests.stream().mapToInt(Request::tokens).sum();
        };
    }

    /** The KV pool that all requests fit in at the same time. */
    int poolTokens() {
        return requests.stream().mapToInt(r -> r.prompt().length + r.tokens()).sum();
    }

    /** Positions that the longest request takes. */
    int longest() {
        return requests.stream()
                .mapToInt(r -> r.prompt().length + r.tokens())
                .max()
                .orElseThrow();
    }

    static EngineWork prefill(int tokens, int vocabulary) {
        var random = new Random(SEED + tokens);
        return new EngineWork(
                "prefill " + tokens, Kind.PREFILL, List.of(new Request(prompt(random, tokens, vocabulary), 1)));
    }

    static EngineWork decode(int context, int tokens, int vocabulary) {
        var random = new Random(SEED + context);
        return new EngineWork(
                "decode at " + context, Kind.DECODE, List.of(new Request(prompt(random, context, vocabulary), tokens)));
    }

    /** Requests whose lengths are spread evenly over their ranges. */
    static EngineWork batch(int count, int maxPrompt, int maxTokens, int vocabulary) {
        var random = new Random(SEED);
        var requests = new ArrayList<Request>();
        for (int i = 0; i < count; i++) {
            int length = random.nextInt(maxPrompt / 16, maxPrompt + 1);
            int tokens = random.nextInt(maxTokens / 8, maxTokens + 1);
            requests.add(new Request(prompt(random, length, vocabulary), tokens));
        }
        return new EngineWork(count + " requests, mixed", Kind.BATCH, requests);
    }

    static int[] prompt(Random random, int tokens, int vocabulary) {
        return random.ints(tokens, 0, vocabulary).toArray();
    }
}
