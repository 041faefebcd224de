package dev.kvern.runner.sampling;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.SplittableRandom;

/**
 * Chooses one request's tokens. The steps and their order are those of transformers' logits processors: repetition penalty
 * (Keskar et al. 2019, CTRL), then OpenAI's presence and frequency penalties, temperature, top-k, top-p (Holtzman et al.
 * 2020), min-p (Nguyen et al. 2024), and a draw. The random numbers are {@link SplittableRandom}'s, whose algorithm is
 * specified: equal seeds and logits give equal tokens on every machine. Confined to a thread.
 */
public final class Sampler {
    private final SamplingOptions options;
    private final SplittableRandom random;
    /** How often a token stands in the output; 0 for those of the prompt alone. Empty when no penalty looks at it. */
    private final Map<Integer, Integer> seen = new HashMap<>();

    private final boolean penalised;
    private float[] scores = {};
    private int[] order = {};

    public Sampler(SamplingOptions options, int[] prompt) {
        this.options = options;
        this.random = new SplittableRandom(options.seed());
        this.penalised =
                options.repetitionPenalty() != 1 || options.presencePenalty() != 0 || options.frequencyPenalty() != 0;
        if (penalised && options.repetitionPenalty() != 1) {
            for (int id : prompt) {
                seen.putIfAbsent(id, 0);
            }
        }
    }

    /**
     * Chooses the next token and counts it.
     *
     * @param logits holds {@code vocabulary} finite fp32 logits from {@code offset} on; not changed
     * @param topLogprobs how many of the most probable tokens to report, 0 for none
     */
    public SampledToken sample(float[] logits, int offset, int vocabulary, int topLogprobs) {
        penalise(logits, offset, vocabulary);
        int greedy = argmax(vocabulary);
        float temperature = options.greedy() ? 1 : options.temperature();
        float max = scores[greedy];
        double sum = 0;
        for (int i = 0; i < vocabulary; i++) {
            scores[i] = (scores[i] - max) / temperature;
            sum += Math.exp(scores[i]);
        }
        double logSum = Math.log(sum);
        List<SampledToken.TopToken> top = topLogprobs > 0 ? top(vocabulary, topLogprobs, logSum) : List.of();
        int chosen = options.greedy() ? greedy : draw(vocabulary, keep(vocabulary, sum));
        count(chosen);
        return new SampledToken(chosen, (float) (scores[chosen] - logSum), top);
    }

    /** Counts a token that was chosen before, as after a preempted request is resumed elsewhere. */
    private void count(int id) {
        if (penalised) {
            seen.merge(id, 1, Integer::sum);
        }
    }

    /** The probabilities the draw would be made from, for tests against transformers: zero for what is filtered out. */
    double[] probabilities(float[] logits) {
        penalise(logits, 0, logits.length);
        float max = scores[argmax(logits.length)];
        double sum = 0;
        for (int i = 0; i < logits.length; i++) {
            scores[i] = (scores[i] - max) / options.temperature();
            sum += Math.exp(scores[i]);
        }
        int kept = keep(logits.length, sum);
        double[] p = new double[logits.length];
        double total = 0;
        for (int i = 0; i < kept; i++) {
            p[order[i]] = Math.exp(scores[order[i]]);
            total += p[order[i]];
        }
        for (int i = 0; i < p.length; i++) {
            p[i] /= total;
        }
        return p;
    }

    /** Marks tokens as generated, for tests. */
    void generated(int... ids) {
        for (int id : ids) {
            count(id);
        }
    }

    private void penalise(float[] logits, int offset, int vocabulary) {
        if (scores.length < vocabulary) {
            scores = new float[vocabulary];
        }
        System.arraycopy(logits, offset, scores, 0, vocabulary);
        seen.forEach((id, times) -> {
            float score = scores[id];
            if (options.repetitionPenalty() != 1) {
                score = score > 0 ? score / options.repetitionPenalty() : score * options.repetitionPenalty();
            }
            if (times > 0) {
                score -= options.presencePenalty() + times * options.frequencyPenalty();
            }
            scores[id] = score;
        });
    }

    /** The largest score's index, the lowest of equals. */
    private int argmax(int vocabulary) {
        int best = 0;
        for (int i = 0; i < vocabulary; i++) {
            if (scores[i] > scores[best]) {
                best = i;
            }
        }
        return best;
    }

    /**
     * Leaves the tokens that pass all filters at the front of {@code order}, most probable first if any filter is on, and
     * returns how many they are. Sorting is limited to what the cheapest filter lets through.
     */
    private int keep(int vocabulary, double sum) {
        if (order.length < vocabulary) {
            order = new int[vocabulary];
        }
        int n = 0;
        // min-p is a plain threshold on the score, whatever top-p removed, for the most probable token always stays.
        double threshold = options.minP() > 0 ? Math.log(options.minP()) : Double.NEGATIVE_INFINITY;
        boolean sorted = options.topP() < 1 || (options.topK() > 0 && options.topK() < vocabulary);
        if (!sorted) {
            for (int i = 0; i < vocabulary; i++) {
                if (scores[i] >= threshold) {
                    order[n++] = i;
                }
            }
            return n;
        }
        int k = options.topK() > 0 ? Math.min(options.topK(), vocabulary) : vocabulary;
        float least = k < vocabulary ? kthLargest(vocabulary, k) : Float.NEGATIVE_INFINITY;
        double kept = 0;
        for (int i = 0; i < vocabulary; i++) {
            // Ties with the k-th stay, as in transformers.
            if (scores[i] >= least) {
                order[n++] = i;
                kept += Math.exp(scores[i]);
            }
        }
        sortByScore(n);
        if (options.topP() < 1) {
            n = nucleus(n, k < vocabulary ? kept : sum);
        }
        while (n > 1 && scores[order[n - 1]] < threshold) {
            n--;
        }
        return n;
    }

    /** How many of the sorted tokens it takes to reach top-p of their total. */
    private int nucleus(int n, double total) {
        double reached = 0;
        for (int i = 0; i < n; i++) {
            reached += Math.exp(scores[order[i]]);
            if (reached >= options.topP() * total) {
                return i + 1;
            }
        }
        return n;
    }

    private float kthLargest(int vocabulary, int k) {
        var heap = new PriorityQueue<Float>(k);
        for (int i = 0; i < vocabulary; i++) {
            if (heap.size() < k) {
                heap.add(scores[i]);
            } else if (scores[i] > heap.peek()) {
                heap.poll();
                heap.add(scores[i]);
            }
        }
        return heap.element();
    }

    /** Sorts the first n of order by falling score, equal scores by rising id: scores and ids packed into longs. */
    private void sortByScore(int n) {
        long[] packed = new long[n];
        for (int i = 0; i < n; i++) {
            // Scores are at most 0, so a larger magnitude is a smaller score and the raw bits sort the right way.
            packed[i] = ((long) Float.floatToRawIntBits(Math.abs(scores[order[i]])) << 32) | order[i];
        }
        Arrays.sort(packed);
        for (int i = 0; i < n; i++) {
            order[i] = (int) packed[i];
        }
    }

    private int draw(int vocabulary, int kept) {
        double total = 0;
        for (int i = 0; i < kept; i++) {
            total += Math.exp(scores[order[i]]);
        }
        double at = random.nextDouble() * total;
        for (int i = 0; i < kept; i++) {
            at -= Math.exp(scores[order[i]]);
            if (at < 0) {
                return order[i];
            }
        }
        return order[kept - 1];
    }

    private List<SampledToken.TopToken> top(int vocabulary, int count, double logSum) {
        var heap = new PriorityQueue<Integer>(
                Comparator.<Integer>comparingDouble(i -> scores[i]).thenComparing(Comparator.reverseOrder()));
        for (int i = 0; i < vocabulary; i++) {
            heap.add(i);
            if (heap.size() > count) {
                heap.poll();
            }
        }
        var top = new ArrayList<SampledToken.TopToken>();
        while (!heap.isEmpty()) {
            int id = heap.poll();
            top.add(0, new SampledToken.TopToken(id, (float) (scores[id] - logSum)));
        }
        return top;
    }
}
