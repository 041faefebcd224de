package dev.kvern.runner.sampling;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Against vectors of transformers' logits processors, made by make_sampling_fixtures.py. */
class SamplerTest {
    private static final long SEED = 20260101;
    private static final int[] NO_PROMPT = {};

    /** What a draw would be made from: probabilities of 0 are filtered out. */
    record Vector(SamplingOptions options, float[] logits, int[] prompt, int[] output, double[] probabilities) {
        @Override
        public String toString() {
            return options.toString();
        }

        Sampler sampler() {
            var sampler = new Sampler(options, prompt);
            sampler.generated(output);
            return sampler;
        }
    }

    static List<Vector> vectors() throws IOException {
        JsonNode root = new ObjectMapper()
                .readTree(Path.of("src/test/fixtures/sampling/vectors.json").toFile());
        return StreamSupport.stream(root.spliterator(), false)
                .map(SamplerTest::vector)
                .toList();
    }

    private static Vector vector(JsonNode json) {
        JsonNode o = json.get("options");
        var options = new SamplingOptions(
                o.get("temperature").floatValue(),
                o.get("top_k").intValue(),
                o.get("top_p").floatValue(),
                o.get("min_p").floatValue(),
                o.get("repetition").floatValue(),
                o.get("presence").floatValue(),
                o.get("frequency").floatValue(),
                SEED);
        double[] logits = doubles(json.get("logits"));
        float[] floats = new float[logits.length];
        for (int i = 0; i < floats.length; i++) {
            floats[i] = (float) logits[i];
        }
        return new Vector(
                options,
                floats,
                ints(json.get("prompt")),
                ints(json.get("output")),
                doubles(json.get("probabilities")));
    }

    private static double[] doubles(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToDouble(JsonNode::asDouble)
                .toArray();
    }

    private static int[] ints(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToInt(JsonNode::asInt)
                .toArray();
    }

    private static SamplingOptions options(float temperature, int topK, float topP) {
        return new SamplingOptions(temperature, topK, topP, 0, 1, 0, 0, SEED);
    }

    private static int[] draw(Sampler sampler, float[] logits, int count) {
        return IntStream.range(0, count)
                .map(i -> sampler.sample(logits, 0, logits.length, 0).id())
                .toArray();
    }

    @ParameterizedTest
    @MethodSource("vectors")
    void keepsWhatTransformersKeeps(Vector vector) {
        double[] got = vector.sampler().probabilities(vector.logits());
        for (int i = 0; i < got.length; i++) {
            assertThat(got[i] > 0).as("token %d kept", i).isEqualTo(vector.probabilities()[i] > 0);
        }
        assertThat(got).containsExactly(vector.probabilities(), within(1e-5));
    }

    /** Pearson's test; a right sampler passes with a probability of 0.9999 a vector, and the seed is fixed. */
    @ParameterizedTest
    @MethodSource("vectors")
    void drawsInProportion(Vector vector) {
        // Each draw by a fresh sampler, since penalties count what was drawn.
        int draws = 4000;
        var seeds = new Random(SEED);
        int[] counts = new int[vector.logits().length];
        for (int i = 0; i < draws; i++) {
            SamplingOptions o = vector.options();
            var sampler = new Sampler(
                    new SamplingOptions(
                            o.temperature(),
                            o.topK(),
                            o.topP(),
                            o.minP(),
                            o.repetitionPenalty(),
                            o.presencePenalty(),
                            o.frequencyPenalty(),
                            seeds.nextLong()),
                    vector.prompt());
            sampler.generated(vector.output());
            counts[sampler.sample(vector.logits(), 0, counts.length, 0).id()]++;
        }
        checkProportions(counts, vector.probabilities(), draws);
    }

    @Test
    void oneSamplersDrawsAreInProportion() {
        float[] logits = {1, 2, 3, 0, -1, 2.5f, 1.5f, 0.5f};
        var sampler = new Sampler(options(1, 0, 1), NO_PROMPT);
        double[] expected = sampler.probabilities(logits);
        int[] counts = new int[logits.length];
        for (int id : draw(sampler, logits, 50_000)) {
            counts[id]++;
        }
        checkProportions(counts, expected, 50_000);
    }

    private static void checkProportions(int[] counts, double[] probabilities, int draws) {
        double statistic = 0;
        int cells = 0;
        double rareExpected = 0;
        int rareCount = 0;
        for (int i = 0; i < counts.length; i++) {
            double expected = probabilities[i] * draws;
            if (expected == 0) {
                assertThat(counts[i]).as("draws of token %d, filtered out", i).isZero();
            } else if (expected < 5) {
                rareExpected += expected;
                rareCount += counts[i];
            } else {
                statistic += (counts[i] - expected) * (counts[i] - expected) / expected;
                cells++;
            }
        }
        if (rareExpected >= 5) {
            statistic += (rareCount - rareExpected) * (rareCount - rareExpected) / rareExpected;
            cells++;
        }
        assertThat(statistic).isLessThanOrEqualTo(cells > 1 ? chiSquareQuantile(cells - 1) : 0.5);
    }

    /** Exceeded with a probability of 0.0001: Wilson and Hilferty's approximation. */
    private static double chiSquareQuantile(int freedom) {
        double ninth = 2.0 / (9 * freedom);
        return freedom * Math.pow(1 - ninth + 3.719 * Math.sqrt(ninth), 3);
    }

    @Test
    void equalSeedsGiveEqualTokens() {
        float[] logits = logits(100);
        int[] tokens = draw(new Sampler(options(1, 0, 0.95f), NO_PROMPT), logits, 50);
        assertThat(draw(new Sampler(options(1, 0, 0.95f), NO_PROMPT), logits, 50))
                .containsExactly(tokens);
        var other = new SamplingOptions(1, 0, 0.95f, 0, 1, 0, 0, SEED + 1);
        assertThat(draw(new Sampler(other, NO_PROMPT), logits, 50)).isNotEqualTo(tokens);
    }

    /** Steele, Lea and Flood's SplitMix64, computed apart: in every release a seed must give what it gave before. */
    @Test
    void theRandomNumbersAreTheSpecifiedOnes() {
        assertThat(draw(new Sampler(options(1, 0, 1), NO_PROMPT), new float[100], 12))
                .containsExactly(94, 17, 75, 77, 53, 49, 78, 63, 24, 27, 35, 31);
    }

    private static float[] logits(int count) {
        var random = new Random(SEED);
        float[] logits = new float[count];
        for (int i = 0; i < count; i++) {
            logits[i] = (float) (3 * random.nextGaussian());
        }
        return logits;
    }

    @Test
    void temperatureZeroTakesTheLargestAndTheFirstOfEquals() {
        var sampler = new Sampler(new SamplingOptions(0, 7, 0.3f, 0.5f, 1, 0, 0, SEED), NO_PROMPT);
        float[] logits = {-3, 2, 5, 5, Float.NEGATIVE_INFINITY, 4.9999f};
        assertThat(draw(sampler, logits, 100)).containsOnly(2);
    }

    @Test
    void greedyHeedsPenaltiesOfWhatItChose() {
        var sampler = new Sampler(new SamplingOptions(0, 0, 1, 0, 1, 0, 0.5f, SEED), NO_PROMPT);
        // 1 leads 0 by 0.8: after two times it is 0.2 behind, and so on in turns.
        assertThat(draw(sampler, new float[] {1.0f, 1.8f, -9}, 7)).containsExactly(1, 1, 0, 1, 0, 1, 0);

        var repetition = new Sampler(new SamplingOptions(0, 0, 1, 0, 2, 0, 0, SEED), new int[] {1, 1, 1});
        assertThat(draw(repetition, new float[] {1.0f, 1.8f, 0.9f}, 4)).containsExactly(0, 1, 1, 1);
    }

    @Test
    void logprobsAreThoseBeforeFiltering() {
        float[] logits = {1, 3, 2, -4, 3, 0.5f};
        for (float temperature : new float[] {0, 0.5f, 1, 2}) {
            double t = temperature == 0 ? 1 : temperature;
            double sum = IntStream.range(0, logits.length)
                    .mapToDouble(i -> Math.exp(logits[i] / t))
                    .sum();
            var sampler = new Sampler(options(temperature, 3, 0.9f), NO_PROMPT);
            SampledToken token = sampler.sample(logits, 0, logits.length, 4);
            assertThat((double) token.logprob()).isCloseTo(logits[token.id()] / t - Math.log(sum), within(1e-5));
            assertThat(token.top()).extracting(SampledToken.TopToken::id).containsExactly(1, 4, 2, 0);
            for (SampledToken.TopToken top : token.top()) {
                assertThat((double) top.logprob()).isCloseTo(logits[top.id()] / t - Math.log(sum), within(1e-5));
            }
            assertThat(sampler.sample(logits, 0, logits.length, 20).top()).hasSize(logits.length);
            assertThat(sampler.sample(logits, 0, logits.length, 0).top()).isEmpty();
        }
    }

    @Test
    void readsLogitsFromTheOffsetAndLeavesThemAlone() {
        float[] logits = {99, 0, 1, 7, 2, 99};
        float[] kept = logits.clone();
        var sampler = new Sampler(new SamplingOptions(0, 0, 1, 0, 2, 1, 1, SEED), new int[] {3});
        assertThat(sampler.sample(logits, 1, 4, 0).id()).isEqualTo(2);
        assertThat(logits).containsExactly(kept);
    }

    @Test
    void extremesStayNumbers() {
        float[] logits = {-1e30f, 3e38f, Float.NEGATIVE_INFINITY, 2.9e38f};
        for (SamplingOptions o : List.of(
                options(1e-30f, 0, 1),
                options(1e30f, 2, 0.5f),
                new SamplingOptions(1, 0, 1, 1, 1, 2, -2, SEED),
                new SamplingOptions(Float.MIN_VALUE, 1, Float.MIN_VALUE, Float.MIN_VALUE, 1, 0, 0, SEED))) {
            SampledToken token = new Sampler(o, NO_PROMPT).sample(logits, 0, logits.length, 1);
            assertThat(token.id()).as(o.toString()).isIn(1, 3);
            assertThat(token.logprob()).as(o.toString()).isLessThanOrEqualTo(0);
        }
    }
}
