package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.block.TenantId;
import dev.kvern.node.Blocks;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** What the policy knows of the blocks besides their order: whose they are, and since when. */
class ChainLruHeldTest {
    private static final BlockLabels ALICE = new BlockLabels(Optional.empty(), Optional.of(TenantId.ofSalt("alice")));

    private final List<Double> gaps = new ArrayList<>();
    private long nanos = TimeUnit.DAYS.toNanos(3);
    private final ChainLru policy = new ChainLru(() -> nanos, gaps::add);

    @Test
    void keysAreToldByLabelAndOnlyWhileTheyAreHeld() {
        for (int i = 0; i < 10_000; i++) {
            // Each labelled by an object of its own, as values that are read are.
            var labels = new BlockLabels(Optional.empty(), Optional.of(TenantId.ofSalt(i % 2 == 0 ? "alice" : "bob")));
            policy.held(Blocks.key(i), Optional.of(Blocks.key(20_000 + i)), 10, labels);
        }
        for (int i = 0; i < 5_000; i++) {
            policy.gone(Blocks.key(i));
        }
        assertThat(all(ALICE::equals))
                .hasSize(2_500)
                .contains(Blocks.key(5_000))
                .doesNotContain(Blocks.key(5_001));
        // Parents that are only named are not held.
        assertThat(all(labels -> true)).hasSize(5_000);
        assertThat(policy.holds(Blocks.key(4_998))).isFalse();
        assertThat(policy.holds(Blocks.key(5_000))).isTrue();
        assertThat(policy.holds(Blocks.key(25_000))).isFalse();
    }

    private HashSet<BlockKey> all(Predicate<BlockLabels> wanted) {
        var keys = new HashSet<BlockKey>();
        for (int from = 0; from >= 0; ) {
            HeldKeys.Page page = policy.matching(wanted, from, 100);
            assertThat(keys).doesNotContainAnyElementsOf(page.keys());
            keys.addAll(page.keys());
            from = page.next();
        }
        return keys;
    }

    @Test
    void aVictimSaysHowLongItWasHeldAndWhose() {
        policy.held(Blocks.key(1), Optional.empty(), 10, ALICE);
        wait(40);
        policy.used(List.of(Blocks.key(1)));
        wait(2);
        EvictionPolicy.Victim victim = policy.takeVictim().orElseThrow();
        assertThat(victim.heldSeconds()).isEqualTo(42);
        assertThat(victim.labels()).isEqualTo(ALICE);
        policy.held(Blocks.key(1), Optional.empty(), 10, ALICE);
        wait(1);
        assertThat(policy.takeVictim().orElseThrow().heldSeconds()).isEqualTo(1);
    }

    @Test
    void gapsAreBetweenUsesHereAndTheLastOneAnywhere() {
        policy.usedHere(Blocks.key(1));
        policy.held(Blocks.key(1), Optional.empty(), 10, BlockLabels.NONE);
        wait(7);
        policy.usedHere(Blocks.key(1));
        wait(100);
        // Told by another node: no use of this one's, but then it was in use.
        policy.used(List.of(Blocks.key(1)));
        nanos += TimeUnit.MILLISECONDS.toNanos(250);
        policy.usedHere(Blocks.key(1));
        policy.usedHere(Blocks.key(2));
        assertThat(gaps).containsExactly(7.0, 0.25);
    }

    private void wait(int seconds) {
        nanos += TimeUnit.SECONDS.toNanos(seconds);
    }
}
