package dev.kvern.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class HistogramTest {
    @Test
    void boundsBelongToTheBucketBelow() {
        var histogram = new Histogram(1, 10);
        for (double value : new double[] {0, 1, 1.5, 10, 10.25, 1_000}) {
            histogram.record(value);
        }
        var counted = histogram.snapshot();
        assertThat(counted.getBoundsList()).containsExactly(1.0, 10.0);
        assertThat(counted.getCountsList()).containsExactly(2L, 2L, 2L);
        assertThat(counted.getSum()).isEqualTo(1_022.75);
    }

    @Test
    void growingBoundsGrow() {
        assertThat(Histogram.growing(4, 2, 3).snapshot().getBoundsList()).containsExactly(4.0, 8.0, 16.0);
    }

    @Test
    void boundsThatDoNotAscendAreRefused() {
        assertThatThrownBy(() -> new Histogram(1, 3, 3)).hasMessage("bounds: 3.0 after 3.0 (expected: ascending)");
    }
}
