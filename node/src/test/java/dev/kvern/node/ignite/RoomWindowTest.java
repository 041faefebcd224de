package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoomWindowTest {
    private static final int WINDOW = 100;
    private static final int STEPS = 5_000;

    /** What is stored in whatever order, and answered in whatever rhythm: the bound that the other node counts on. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5})
    void afterAnAnswerNoMoreComesThanTheWindow(long seed) {
        var random = new Random(seed);
        var window = new RoomWindow();
        assertThat(window.take(1)).as("before the first answer").isFalse();
        window.renew(WINDOW);
        Deque<Integer> underWay = new ArrayDeque<>();
        int arrivedSinceAnswer = 0;
        int refused = 0;
        for (int step = 0; step < STEPS; step++) {
            switch (random.nextInt(10)) {
                case 0 -> {
                    window.renew(WINDOW);
                    arrivedSinceAnswer = 0;
                }
                case 1, 2, 3, 4 -> {
                    int need = 1 + random.nextInt(WINDOW / 3);
                    if (window.take(need)) {
                        underWay.add(need);
                    } else {
                        refused++;
                    }
                }
                default -> {
                    Integer done = random.nextBoolean() ? underWay.pollFirst() : underWay.pollLast();
                    if (done != null) {
                        window.done(done);
                        arrivedSinceAnswer += done;
                    }
                }
            }
            int onItsWay = underWay.stream().mapToInt(Integer::intValue).sum();
            assertThat(onItsWay).as("seed %d, step %d", seed, step).isLessThanOrEqualTo(WINDOW);
            assertThat(arrivedSinceAnswer + onItsWay)
                    .as("seed %d, step %d", seed, step)
                    .isLessThanOrEqualTo(WINDOW);
        }
        assertThat(refused).isPositive();
    }
}
