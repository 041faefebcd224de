package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class MovingLineTest {
    private final MovingLine line = new MovingLine(0.2);

    @Test
    void findsTheLineThatItIsGiven() {
        for (int x = 0; x < 10; x++) {
            line.add(x, 5 + 3 * x);
        }
        assertThat(line.at(100)).isCloseTo(305, within(1e-6));
        assertThat(line.at(0)).isCloseTo(5, within(1e-6));
    }

    @Test
    void isLevelWhereAllIsAtOnePlace() {
        line.add(7, 10);
        line.add(7, 20);
        assertThat(line.slope()).isZero();
        assertThat(line.at(1_000)).isBetween(10.0, 20.0);
    }

    @Test
    void neitherFallsNorBeginsBelowZero() {
        line.add(1, 10);
        line.add(2, 5);
        assertThat(line.slope()).isZero();
        line.clear();
        line.add(10, 1);
        line.add(20, 30);
        assertThat(line.at(0)).isZero();
        assertThat(line.at(20)).isPositive();
    }

    @Test
    void followsTheNewest() {
        for (int i = 0; i < 50; i++) {
            line.add(i % 5, 100);
        }
        for (int i = 0; i < 30; i++) {
            line.add(i % 5, 10);
        }
        assertThat(line.at(2)).isCloseTo(10, within(1.0));
    }
}
