package dev.kvern.coordinator.stats;

import dev.kvern.v1.Histogram;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;

/** Members' histograms in Prometheus' form. */
final class HistogramPoints {
    private HistogramPoints() {}

    /** Adds one, if it is known and whole: there is no histogram of zeros. */
    static void add(HistogramSnapshot.Builder to, Histogram histogram, Labels labels) {
        if (histogram.getBoundsCount() == 0 || histogram.getCountsCount() != histogram.getBoundsCount() + 1) {
            return;
        }
        var buckets = ClassicHistogramBuckets.builder();
        for (int i = 0; i < histogram.getBoundsCount(); i++) {
            buckets.bucket(histogram.getBounds(i), histogram.getCounts(i));
        }
        buckets.bucket(Double.POSITIVE_INFINITY, histogram.getCounts(histogram.getBoundsCount()));
        to.dataPoint(HistogramDataPointSnapshot.builder()
                .labels(labels)
                .classicHistogramBuckets(buckets.build())
                .sum(histogram.getSum())
                .build());
    }
}
