package dev.kvern.launcher.bench;

import java.util.Arrays;
import java.util.Random;

/**
 * How far the logits of a weight format are from those of fp32, over the positions of one seeded prompt. Confined to a
 * thread.
 */
final class FormatQuality {
    private static final int SEED = 11;

    private final int[] tokens;
    private final int vocabulary;
    private final float[][] reference;

    /**
     * @param meanDivergence Kullback-Leibler divergence of the format's distribution from fp32's, in nats, mean over positions
     * @param maxDivergence the largest
     * @param agreements at how many positions both have the same most probable token
     */
    record Result(int positions, double meanDivergence, double maxDivergence, int agreements) {}

    /** @param fp32 its logits are kept as the reference */
    FormatQuality(OwnEngine fp32, int positions, int vocabulary) {
        this.tokens = EngineWork.prompt(new Random(SEED), positions, vocabulary);
        this.vocabulary = vocabulary;
        this.reference = new float[positions][];
        fp32.logits(tokens, (first, logits) -> {
            for (int row = 0; row < logits.length / vocabulary; row++) {
                reference[first + row] = Arrays.copyOfRange(logits, row * vocabulary, (row + 1) * vocabulary);
            }
        });
    }

    Result compare(OwnEngine other) {
        double[] sums = new double[2];
        int[] agreements = new int[1];
        other.logits(tokens, (first, logits) -> {
            for (int row = 0; row < logits.length / vocabulary; row++) {
                float[] expected = reference[first + row];
                double divergence = divergence(expected, logits, row * vocabulary);
                sums[0] += divergence;
                // Math.max keeps NaN, so that it is reported and not passed over.
                sums[1] = Math.max(sums[1], divergence);
                boolean same = GreedyStream.argmax(expected, 0, vocabulary)
                        == GreedyStream.argmax(logits, row * vocabulary, vocabulary);
                agreements[0] += same ? 1 : 0;
            }
        });
        return new Result(tokens.length, sums[0] / tokens.length, sums[1], agreements[0]);
    }

    /** KL(softmax(expected) || softmax(got from an offset on)). */
    private static double divergence(float[] expected, float[] got, int offset) {
        double expectedLog = logSumExp(expected, 0, expected.length);
        double gotLog = logSumExp(got, offset, expected.length);
        double sum = 0;
        for (int i = 0; i < expected.length; i++) {
            double logP = expected[i] - expectedLog;
            sum += Math.exp(logP) * (logP - (got[offset + i] - gotLog));
        }
        return sum;
    }

    private static double logSumExp(float[] values, int from, int count) {
        double largest = values[from + GreedyStream.argmax(values, from, count)];
        double sum = 0;
        for (int i = from; i < from + count; i++) {
            sum += Math.exp(values[i] - largest);
        }
        return largest + Math.log(sum);
    }
}
