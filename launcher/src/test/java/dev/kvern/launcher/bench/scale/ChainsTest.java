package dev.kvern.launcher.bench.scale;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ChainsTest {
    private final Chains chains = new Chains(3, 4, 100);

    @Test
    void eachBlockFollowsTheOneBeforeItInItsChain() {
        for (int number = 0; number < 12; number++) {
            Chains.Block block = chains.block(number);
            assertThat(block.key()).isEqualTo(chains.key(number));
            if (number % 4 == 0) {
                assertThat(block.parent()).isEmpty();
            } else {
                assertThat(block.parent()).contains(chains.key(number - 1));
            }
            assertThat(block.bytes()).isEqualTo(100);
        }
    }

    @Test
    void keysAreAllDifferentAndTheSameWithTheSameSeed() {
        assertThat(chains.keys(0, 20_000)).doesNotHaveDuplicates();
        assertThat(new Chains(3, 4, 100).keys(5, 3)).isEqualTo(chains.keys(5, 3));
        assertThat(new Chains(4, 4, 100).key(5)).isNotEqualTo(chains.key(5));
    }
}
