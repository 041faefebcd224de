package dev.kvern.runner.model;

import dev.kvern.rpc.KvernException;
import dev.kvern.runner.model.safetensors.SafetensorsFile;
import dev.kvern.runner.model.safetensors.TensorEntry;
import dev.kvern.runner.model.safetensors.TensorType;
import java.nio.FloatBuffer;
import java.nio.LongBuffer;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * How far a model's logits are from those of a reference, computed elsewhere.
 *
 * @param tokens positions compared
 * @param maxAbsolute largest difference of a logit; NaN if any logit is not a number
 * @param maxRelative the same over the reference's spread: its largest logit less its smallest
 * @param greedyAgreements at how many positions both have the same largest logit
 */
public record LogitsVerification(int tokens, double maxAbsolute, double maxRelative, int greedyAgreements) {
    private static final int CHUNK_TOKENS = 64;

    /**
     * Runs the reference's tokens through the model in prefill chunks of 64.
     *
     * @param model used by this call alone while it runs
     * @param reference a safetensors file with {@code input_ids} int64 [n] and {@code logits} float32 [n, vocabulary]
     * @throws KvernException if the file is not such a one, or does not fit the model, or the model's keys and values are not
     *     finite
     */
    public static LogitsVerification run(Transformer model, Path reference) {
        try (SafetensorsFile file = SafetensorsFile.open(reference)) {
            TensorEntry ids = file.tensor("input_ids");
            TensorEntry logits = file.tensor("logits");
            long vocabulary = model.spec().vocabularySize();
            int count = ids.shape().isEmpty()
                    ? 0
                    : (int) Math.min(Integer.MAX_VALUE, ids.shape().get(0));
            if (ids.shape().size() != 1
                    || count < 1
                    || count > model.spec().contextTokens()
                    || ids.type().filter(t -> t == TensorType.I64).isEmpty()) {
                throw KvernException.misconfigured(
                        reference + ": input_ids",
                        ids.typeName() + " " + ids.shape(),
                        "I64 [1 to " + model.spec().contextTokens() + "]");
            }
            if (!logits.shape().equals(List.of((long) count, vocabulary))
                    || logits.type().filter(t -> t == TensorType.F32).isEmpty()) {
                throw KvernException.misconfigured(
                        reference + ": logits",
                        logits.typeName() + " " + logits.shape(),
                        "F32 [" + count + ", " + vocabulary + "]");
            }
            LongBuffer idValues = file.read(ids, 0, (int) ids.bytes()).asLongBuffer();
            int[] tokens = IntStream.range(0, count)
                    .map(i -> token(idValues.get(i), vocabulary))
                    .toArray();
            return compare(model, tokens, file, logits);
        }
    }

    private static int token(long id, long vocabulary) {
        if (id < 0 || id >= vocabulary) {
            throw KvernException.misconfigured("input_ids", id, "0 to " + (vocabulary - 1));
        }
        return (int) id;
    }

    private static LogitsVerification compare(
            Transformer model, int[] tokens, SafetensorsFile file, TensorEntry logits) {
        int vocabulary = model.spec().vocabularySize();
        var comparison = new Comparison(vocabulary);
        try (KvMemory kv = model.allocate(blocksFor(model, tokens.length))) {
            int[] table = IntStream.range(0, kv.blocks()).toArray();
            for (int start = 0; start < tokens.length; start += CHUNK_TOKENS) {
                int[] chunk = Arrays.copyOfRange(tokens, start, Math.min(start + CHUNK_TOKENS, tokens.length));
                float[] got = step(model, kv, table, start, chunk);
                long rowBytes = (long) vocabulary * Float.BYTES;
                comparison.add(
                        got,
                        file.read(logits, start * rowBytes, Math.toIntExact(chunk.length * rowBytes))
                                .asFloatBuffer());
            }
        }
        return comparison.result(tokens.length);
    }

    private static float[] step(Transformer model, KvMemory kv, int[] table, int start, int[] chunk) {
        try {
            return model.step(kv, table, start, chunk, CHUNK_TOKENS, chunk.length);
        } catch (NotFiniteException e) {
            throw KvernException.misconfigured(
                    "model " + model.spec().label(), String.valueOf(e.getMessage()), "finite numbers");
        }
    }

    /** How many tokens a block holds is the model's choice, and seen on a block. */
    private static int blocksFor(Transformer model, int tokens) {
        try (KvMemory probe = model.allocate(1)) {
            return (tokens + probe.blockTokens() - 1) / probe.blockTokens();
        }
    }

    /** Confined to a thread. */
    private static final class Comparison {
        private final int vocabulary;
        private double maxDifference;
        private double min = Double.POSITIVE_INFINITY;
        private double max = Double.NEGATIVE_INFINITY;
        private int agreements;

        Comparison(int vocabulary) {
            this.vocabulary = vocabulary;
        }

        void add(float[] got, FloatBuffer expected) {
            for (int row = 0; row < got.length; row += vocabulary) {
                int bestGot = row;
                int bestExpected = row;
                for (int i = row; i < row + vocabulary; i++) {
                    float reference = expected.get(i);
                    // Math.max keeps NaN, so that it is reported and not passed over.
                    maxDifference = Math.max(maxDifference, Math.abs((double) got[i] - reference));
                    min = Math.min(min, reference);
                    max = Math.max(max, reference);
                    bestGot = got[i] > got[bestGot] ? i : bestGot;
                    bestExpected = reference > expected.get(bestExpected) ? i : bestExpected;
                }
                agreements += bestGot == bestExpected ? 1 : 0;
            }
        }

        LogitsVerification result(int tokens) {
            return new LogitsVerification(tokens, maxDifference, maxDifference / (max - min), agreements);
        }
    }
}
