package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.soak.SoakRequest.Course;
import dev.kvern.launcher.bench.soak.SoakRequest.Reading;
import dev.kvern.v1.CacheControl;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.Prompt;
import dev.kvern.v1.SamplingParameters;
import dev.kvern.v1.TokenIds;
import java.util.List;
import java.util.Random;

/**
 * Draws requests one after the other: equal seeds, equal requests. Half of them ask prompts that are asked all along, half
 * those of a window that moves on, so that there is always something new and something that nobody asks any more. Confined to
 * a thread.
 */
final class SoakWorkload {
    private static final int LASTING_PROMPTS = 64;
    private static final int WINDOW_PROMPTS = 160;

    /** Requests after which the window moves by a prompt. */
    private static final int REQUESTS_PER_NEW_PROMPT = 8;

    private static final int TENANTS = 4;
    private static final int MOST_USUAL_TOKENS = 64;
    private static final int MOST_TOKENS = 240;
    private static final int MOST_PRIORITY = 100;
    private static final long USUAL_DEADLINE_MILLIS = 900_000;
    private static final int LONGEST_SHORT_DEADLINE_MILLIS = 120;
    private static final int MOST_RESPONSES_BEFORE_CANCEL = 12;

    private final Random random;
    private final SoakPrompts prompts;
    private final List<String> runners;
    private final int contextTokens;
    private int drawn;

    /** @param runners by id: some requests ask for one of them */
    SoakWorkload(long seed, int vocabulary, int contextTokens, List<String> runners) {
        this.random = new Random(seed);
        this.prompts = new SoakPrompts(seed, vocabulary);
        this.contextTokens = contextTokens;
        this.runners = List.copyOf(runners);
    }

    SoakRequest next() {
        int prompt = random.nextBoolean()
                ? random.nextInt(LASTING_PROMPTS)
                : LASTING_PROMPTS + drawn / REQUESTS_PER_NEW_PROMPT + random.nextInt(WINDOW_PROMPTS);
        drawn++;
        GenerateRequest.Builder request = request(prompt);
        int kind = random.nextInt(100);
        Course course = kind < 6
                ? Course.CANCELLED
                : kind < 12 ? Course.SHORT_DEADLINE : kind < 16 ? Course.INVALID : Course.TO_ITS_END;
        if (course == Course.INVALID) {
            spoil(request);
        }
        return new SoakRequest(
                prompt,
                request.build(),
                course,
                reading(),
                random.nextInt(1 + MOST_RESPONSES_BEFORE_CANCEL),
                course == Course.SHORT_DEADLINE
                        ? 1 + random.nextInt(LONGEST_SHORT_DEADLINE_MILLIS)
                        : USUAL_DEADLINE_MILLIS);
    }

    private Reading reading() {
        int kind = random.nextInt(20);
        return kind == 0 ? Reading.SLOW : kind == 1 ? Reading.LATE : Reading.EAGER;
    }

    private GenerateRequest.Builder request(int prompt) {
        boolean sampled = random.nextInt(8) == 0;
        boolean lengthy = random.nextInt(3) == 0;
        var request = GenerateRequest.newBuilder()
                .setPrompt(prompts.prompt(prompt))
                .setSampling(SamplingParameters.newBuilder()
                        .setTemperature(sampled ? 0.8f : 0)
                        .setSeed(random.nextLong()))
                .setMaxTokens(1 + random.nextInt(lengthy ? MOST_TOKENS : MOST_USUAL_TOKENS))
                .setIgnoreEos(random.nextInt(4) != 0)
                .setCache(cache());
        if (random.nextInt(3) == 0) {
            request.setRunnerId(runners.get(random.nextInt(runners.size())));
        }
        // Tenants that come back, and now and then one that is seen once.
        int tenant = random.nextInt(3 * TENANTS);
        if (tenant < TENANTS) {
            request.setCacheSalt("tenant-" + tenant);
        } else if (tenant == TENANTS) {
            request.setCacheSalt("guest-" + drawn);
        }
        if (random.nextInt(3) == 0) {
            request.setPriority(random.nextInt(2 * MOST_PRIORITY + 1) - MOST_PRIORITY);
        }
        if (random.nextInt(10) == 0) {
            request.setLogprobs(random.nextInt(6));
        }
        if (random.nextInt(10) == 0) {
            request.addStop("e").addStop(" the");
        }
        return request;
    }

    private CacheControl cache() {
        int kind = random.nextInt(20);
        var cache = CacheControl.newBuilder();
        switch (kind) {
            case 0 -> cache.setReadLocal(false).setReadCluster(false).setWrite(false);
            case 1 -> cache.setReadLocal(false);
            case 2 -> cache.setReadCluster(false);
            case 3 -> cache.setWrite(false);
            default -> {}
        }
        return cache.build();
    }

    private void spoil(GenerateRequest.Builder request) {
        switch (random.nextInt(7)) {
            case 0 -> request.setMaxTokens(-1);
            case 1 -> request.getSamplingBuilder().setTemperature(-1);
            case 2 -> request.setPriority(MOST_PRIORITY + 1);
            case 3 -> request.clearPrompt();
            case 4 -> request.setModel("no-such-model");
            case 5 -> request.setPrompt(ids(TokenIds.newBuilder().addIds(Integer.MAX_VALUE)));
            default -> {
                var tooLong = TokenIds.newBuilder();
                for (int i = 0; i <= contextTokens; i++) {
                    tooLong.addIds(1);
                }
                request.setPrompt(ids(tooLong));
            }
        }
    }

    private static Prompt ids(TokenIds.Builder ids) {
        return Prompt.newBuilder().setTokenIds(ids).build();
    }
}
