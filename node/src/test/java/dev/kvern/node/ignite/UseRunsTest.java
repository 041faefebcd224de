package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class UseRunsTest {
    private long nanos;
    private final UseRuns runs = new UseRuns(() -> nanos);

    @Test
    void chainsUsedAtTheSameTimeAreRunsOfTheirOwn() {
        use(1, 0);
        use(11, 0);
        use(2, 1);
        use(12, 11);
        use(13, 11);
        use(3, 2);
        assertThat(taken()).containsExactly(keys(11, 12, 13), keys(1, 2, 3));
        assertThat(taken()).isEmpty();
    }

    @Test
    void aReadFromTheMiddleIsARun() {
        use(5, 4);
        use(6, 5);
        use(5, 4);
        assertThat(taken()).containsExactly(keys(5, 6));
    }

    @Test
    void aRunThatIsCutByATakeGoesOn() {
        use(1, 0);
        use(2, 1);
        runs.take();
        use(3, 2);
        assertThat(taken()).containsExactly(keys(1, 2, 3));
        runs.take();
        use(4, 3);
        assertThat(taken()).containsExactly(keys(4));
    }

    @Test
    void aRunIsOfTheTimeOfItsLastUse() {
        nanos = 10;
        use(1, 0);
        nanos = 20;
        use(11, 0);
        nanos = 30;
        use(2, 1);
        nanos = 90;
        assertThat(runs.take()).containsExactly(new UseRuns.Use(keys(11), 20), new UseRuns.Use(keys(1, 2), 30));
    }

    @Test
    void keysAreBounded() {
        for (int i = 1; i <= 2 * UseRuns.MAX_KEYS; i++) {
            use(i, i - 1);
        }
        assertThat(taken().stream().mapToInt(List::size).sum()).isEqualTo(UseRuns.MAX_KEYS);
    }

    private List<List<BlockKey>> taken() {
        return runs.take().stream().map(UseRuns.Use::keys).toList();
    }

    private void use(int number, int parent) {
        runs.used(Blocks.key(number), parent == 0 ? Optional.empty() : Optional.of(Blocks.key(parent)));
    }

    private static List<BlockKey> keys(int... numbers) {
        return Arrays.stream(numbers).mapToObj(Blocks::key).toList();
    }
}
