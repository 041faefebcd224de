package dev.kvern.launcher.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class SamplesTest {
    @Test
    void medianAndRange() {
        var odd = new Samples(List.of(5.0, 1.0, 3.0));
        assertThat(odd.median()).isEqualTo(3);
        assertThat(odd.min()).isEqualTo(1);
        assertThat(odd.max()).isEqualTo(5);
        assertThat(new Samples(List.of(4.0, 1.0, 2.0, 8.0)).median()).isEqualTo(3);
        assertThatThrownBy(() -> new Samples(List.of())).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void ratiosAreOfNeighbours() {
        assertThat(new Samples(List.of(4.0, 9.0))
                        .over(new Samples(List.of(2.0, 3.0)))
                        .values())
                .containsExactly(2.0, 3.0);
    }

    @Test
    void numbersHaveThreeDigitsOrSo() {
        assertThat(List.of(12_345.6, 12.345, 1.2345, 0.000123, 0.0).stream().map(BenchRows::number))
                .containsExactly("12,346", "12.3", "1.23", "1.2e-04", "0.00");
    }
}
