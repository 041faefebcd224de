package dev.kvern.node.store;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.block.BlockLabels;
import dev.kvern.node.Blocks;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ChainLruTest {
    private long nanos;
    private final ChainLru policy = new ChainLru(() -> nanos, gap -> {});

    @Test
    void aChainGoesFromItsEnd() {
        chain(1, 2, 3, 4);
        assertThat(evictAll()).containsExactly(4, 3, 2, 1);
        assertThat(policy.known()).isZero();
    }

    @Test
    void aUseIsOneOfAllBlocksBefore() {
        chain(1, 2, 3);
        chain(11, 12);
        use(3);
        assertThat(evictAll()).containsExactly(12, 11, 3, 2, 1);
    }

    @Test
    void aBranchInUseKeepsWhatItSharesWithOneThatIsNot() {
        chain(1, 2, 3);
        chain(1, 2, 13);
        chain(20);
        use(3);
        assertThat(evictAll()).containsExactly(13, 20, 3, 2, 1);
    }

    @Test
    void blocksThatComeInAnyOrderFindTheirParents() {
        held(3, 2);
        held(1, 0);
        held(2, 1);
        held(9, 0);
        assertThat(evictAll()).containsExactly(3, 2, 1, 9);
    }

    @Test
    void acrossAGapTheDeeperBlockOfAUseIsTheOlder() {
        // 2 and 4 are at other nodes.
        held(1, 0);
        held(3, 2);
        held(5, 4);
        held(9, 0);
        use(1, 2, 3, 4, 5);
        assertThat(evictAll()).containsExactly(9, 5, 3, 1);
        assertThat(policy.known()).isZero();
    }

    /** As other nodes tell what they have used: late, and in one go. */
    @Test
    void whatWasStoredLastIsNotTheFirstToGoBecauseOthersAreToldOfLater() {
        nanos = 100;
        chain(1, 2);
        nanos = 200;
        chain(11, 12);
        nanos = 300;
        chain(21, 22);
        nanos = 400;
        used(300, 1, 2);
        used(200, 11, 12);
        assertThat(evictAll()).containsExactly(2, 1, 12, 11, 22, 21);
    }

    @Test
    void aUseThatIsToldLateCountsFromWhenItWas() {
        nanos = 100;
        chain(1);
        chain(2);
        chain(3);
        nanos = 900;
        used(500, 1);
        used(700, 3);
        assertThat(evictAll()).containsExactly(2, 3, 1);
    }

    @Test
    void anEarlierUseThatIsToldLateTakesNothingBack() {
        held(1, 0);
        held(3, 2);
        held(5, 4);
        held(9, 0);
        nanos = 1_000;
        use(3);
        nanos = 1_100;
        held(8, 0);
        // Of all of them, before the use of 3, which was one of 1 as well.
        used(400, 1, 2, 3, 4, 5);
        assertThat(evictAll()).containsExactly(9, 5, 3, 1, 8);
    }

    @Test
    void aLeaseProtectsABlockAndThoseBeforeIt() {
        chain(1, 2, 3);
        chain(4, 5);
        EvictionPolicy.Lease first = policy.lease(Blocks.key(2));
        EvictionPolicy.Lease second = policy.lease(Blocks.key(2));
        assertThat(evictAll()).containsExactly(3, 5, 4);
        first.close();
        first.close();
        assertThat(evictAll()).isEmpty();
        second.close();
        assertThat(evictAll()).containsExactly(2, 1);
    }

    @Test
    void aLeaseOutlivesItsBlock() {
        chain(1);
        EvictionPolicy.Lease lease = policy.lease(Blocks.key(1));
        policy.gone(Blocks.key(1));
        assertThat(policy.size()).isZero();
        chain(1);
        assertThat(evictAll()).isEmpty();
        lease.close();
        assertThat(evictAll()).containsExactly(1);
        assertThat(policy.known()).isZero();
        assertThat(policy.lease(Blocks.key(1))).isSameAs(EvictionPolicy.Lease.NONE);
    }

    @Test
    void headersThatGoInACircleDoNotKeepBlocksForEver() {
        held(1, 3);
        held(2, 1);
        held(3, 2);
        held(4, 4);
        assertThat(evictAll()).containsExactlyInAnyOrder(1, 2, 3, 4);
        assertThat(policy.known()).isZero();
    }

    @Test
    void whatIsPutBackIsTheLastToGo() {
        chain(1, 2);
        chain(3);
        EvictionPolicy.Victim victim = policy.takeVictim().orElseThrow();
        assertThat(victim)
                .isEqualTo(new EvictionPolicy.Victim(
                        Blocks.key(2), Optional.of(Blocks.key(1)), 10, BlockLabels.NONE, victim.heldSeconds()));
        policy.held(victim.key(), victim.parent(), victim.bytes());
        assertThat(evictAll()).containsExactly(3, 2, 1);
    }

    /** Holds a chain, its start first. */
    private void chain(int... numbers) {
        int parent = 0;
        for (int number : numbers) {
            held(number, parent);
            parent = number;
        }
    }

    /** Holds a block; parent 0 for none. */
    private void held(int number, int parent) {
        policy.held(Blocks.key(number), parent == 0 ? Optional.empty() : Optional.of(Blocks.key(parent)), 10);
    }

    private void use(int... numbers) {
        policy.used(Arrays.stream(numbers).mapToObj(Blocks::key).toList());
    }

    private void used(long agoNanos, int... numbers) {
        policy.used(Arrays.stream(numbers).mapToObj(Blocks::key).toList(), agoNanos);
    }

    private List<Integer> evictAll() {
        var numbers = new ArrayList<Integer>();
        for (var next = policy.takeVictim(); next.isPresent(); next = policy.takeVictim()) {
            BlockKey key = next.get().key();
            numbers.add(ByteBuffer.wrap(key.toByteArray()).getInt());
        }
        return numbers;
    }
}
