package dev.kvern.runner.sampling;

import dev.kvern.rpc.KvernException;
import dev.kvern.v1.SamplingParameters;
import java.util.function.LongSupplier;

/**
 * How the next token is chosen, checked and complete.
 *
 * @param temperature at least 0; 0 is greedy
 * @param topK tokens kept, 0 for all
 * @param topP probability kept, in (0, 1]
 * @param minP share of the largest probability that a token must reach, in [0, 1]
 * @param repetitionPenalty above 0, 1 for none
 * @param presencePenalty in [-2, 2]
 * @param frequencyPenalty in [-2, 2]
 */
public record SamplingOptions(
        float temperature,
        int topK,
        float topP,
        float minP,
        float repetitionPenalty,
        float presencePenalty,
        float frequencyPenalty,
        long seed) {
    /**
     * A request's parameters over the model's defaults.
     *
     * @param freshSeed gives a seed where the request has none
     * @throws KvernException INVALID_ARGUMENT naming the first field out of range
     */
    public static SamplingOptions of(SamplingParameters p, GenerationDefaults defaults, LongSupplier freshSeed) {
        float temperature = p.hasTemperature() ? p.getTemperature() : defaults.temperature();
        require(temperature >= 0 && Float.isFinite(temperature), "temperature", temperature, "a number of at least 0");
        int topK = p.hasTopK() ? p.getTopK() : defaults.topK();
        require(topK >= 0, "top_k", Integer.toUnsignedLong(topK), "0 to 2147483647");
        float topP = p.hasTopP() ? p.getTopP() : defaults.topP();
        require(topP > 0 && topP <= 1, "top_p", topP, "above 0, at most 1");
        float minP = p.hasMinP() ? p.getMinP() : defaults.minP();
        require(minP >= 0 && minP <= 1, "min_p", minP, "0 to 1");
        float repetition = p.hasRepetitionPenalty() ? p.getRepetitionPenalty() : defaults.repetitionPenalty();
        require(repetition > 0 && Float.isFinite(repetition), "repetition_penalty", repetition, "a number above 0");
        float presence = p.getPresencePenalty();
        require(presence >= -2 && presence <= 2, "presence_penalty", presence, "-2 to 2");
        float frequency = p.getFrequencyPenalty();
        require(frequency >= -2 && frequency <= 2, "frequency_penalty", frequency, "-2 to 2");
        return new SamplingOptions(
                temperature,
                topK,
                topP,
                minP,
                repetition,
                presence,
                frequency,
                p.hasSeed() ? p.getSeed() : freshSeed.getAsLong());
    }

    private static void require(boolean holds, String field, Number value, String expected) {
        if (!holds) {
            boolean whole = value.doubleValue() == value.longValue();
            throw KvernException.invalid(field, whole ? String.valueOf(value.longValue()) : value, expected);
        }
    }

    /** Always the most probable token. */
    public boolean greedy() {
        return temperature == 0;
    }
}
