package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.Samples;
import java.util.ArrayList;
import java.util.List;

/**
 * How much a figure grows over the part of a run that counts: the slope that is the median of the slopes between any two points
 * (Theil 1950, Sen 1968), times the part's length. Some readings that are far off do not change it.
 */
final class Growth {
    /** The first fifth warms up. */
    static final double COUNTS_FROM = 0.2;

    private Growth() {}

    /**
     * Of readings at so many requests each.
     *
     * @param requests ascending; the last is the run's length
     * @return 0 if fewer than two of them count
     */
    static double of(List<Integer> requests, List<Double> values) {
        if (requests.size() != values.size()) {
            throw new IllegalArgumentException(
                    values.size() + " values (expected: " + requests.size() + ", one for each checkpoint)");
        }
        int last = requests.isEmpty() ? 0 : requests.get(requests.size() - 1);
        var slopes = new ArrayList<Double>();
        for (int to = 0; to < requests.size(); to++) {
            for (int from = 0; from < to; from++) {
                if (requests.get(from) >= COUNTS_FROM * last && requests.get(to) > requests.get(from)) {
                    slopes.add((values.get(to) - values.get(from)) / (requests.get(to) - requests.get(from)));
                }
            }
        }
        if (slopes.isEmpty()) {
            return 0;
        }
        return new Samples(slopes).median() * (1 - COUNTS_FROM) * last;
    }
}
