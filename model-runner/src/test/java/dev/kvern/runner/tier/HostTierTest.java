package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockKey;
import java.nio.ByteBuffer;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class HostTierTest {
    private static final int SLOTS = 4;

    private final FakeTier next = new FakeTier();

    /** All of the slab's memory. */
    private final ByteBuffer memory = ByteBuffer.allocateDirect(SLOTS * Chains.BYTES);

    private final Deque<Runnable> copies = new ArrayDeque<>();
    private final HostTier host = new HostTier(
            next, HostSlab.allocate(bytes -> memory, (long) SLOTS * Chains.BYTES, Chains.BYTES, true), copies::add);
    private final List<BlockKey> chain = Chains.keys(1, 6);
    private final Map<Integer, byte[]> arrived = new HashMap<>();

    @Test
    void servesTheLeadingRunItselfAndTheRestFromTheNextTier() {
        host.keep(sources(3));
        chain.forEach(key -> next.chunks.put(key, Chains.bytes(key)));
        assertThat(host.nearby(chain)).isEqualTo(3);
        assertThat(fetch(chain)).isEqualTo(new FetchOutcome.Hit(6, 3));
        assertThat(next.asked).isEqualTo(chain.subList(3, 6));
        assertArrived(6);
        assertThat(fetch(chain.subList(0, 2))).isEqualTo(new FetchOutcome.Hit(2, 2));
        next.chunks.remove(chain.get(4));
        assertThat(fetch(chain)).isEqualTo(new FetchOutcome.PartialHit(4, MissReason.NOT_STORED, 3));
    }

    @Test
    void whatItDoesNotHoldIsTheNextTiersAffair() {
        next.chunks.put(chain.get(0), Chains.bytes(chain.get(0)));
        assertThat(fetch(chain)).isEqualTo(new FetchOutcome.PartialHit(1, MissReason.NOT_STORED));
        assertThat(fetch(Chains.keys(2, 1))).isEqualTo(new FetchOutcome.Miss(MissReason.NOT_STORED));
    }

    @Test
    void putKeepsAndForwards() {
        assertThat(host.put(sources(2))).isEqualTo(new PutOutcome.Stored(2, 0));
        assertThat(host.nearby(chain)).isEqualTo(2);
        assertThat(next.chunks).hasSize(2);
        host.put(sources(2));
        assertThat(host.stats().keptChunks()).isEqualTo(2);
    }

    @Test
    void aChainThatDoesNotFitKeepsItsHead() {
        host.keep(sources(6));
        assertThat(host.nearby(chain)).isEqualTo(SLOTS);
        assertThat(host.stats().refusedChunks()).isEqualTo(2);
    }

    @Test
    void leavesGoFirstThoughThePoolLosesThemFirst() {
        for (int at = 5; at >= 0; at--) {
            host.keep(List.of(Chains.source(chain, at)));
        }
        assertThat(host.nearby(chain)).isEqualTo(SLOTS);
        assertThat(host.stats().evictedChunks()).isEqualTo(2);
    }

    @Test
    void ofTwoChainsTheOneUsedLongerAgoGoes() {
        List<BlockKey> other = Chains.keys(2, 2);
        host.keep(sources(2));
        host.keep(List.of(Chains.source(other, 0), Chains.source(other, 1)));
        fetch(chain.subList(0, 2));
        host.keep(List.of(Chains.source(Chains.keys(3, 1), 0)));
        assertThat(host.nearby(chain)).isEqualTo(2);
        assertThat(host.nearby(other)).isEqualTo(1);
    }

    @Test
    void aFlippedBitIsComputedOrFetchedAgainAndNeverDelivered() {
        host.keep(sources(4));
        // Slots are given out in order.
        int at = 2 * Chains.BYTES + 17;
        memory.put(at, (byte) (memory.get(at) ^ 4));
        chain.subList(0, 3).forEach(key -> next.chunks.put(key, Chains.bytes(key)));
        assertThat(fetch(chain.subList(0, 4))).isEqualTo(new FetchOutcome.PartialHit(3, MissReason.NOT_STORED, 2));
        assertArrived(3);
        assertThat(host.stats().corruptChunks()).isEqualTo(1);
        assertThat(host.nearby(chain)).isEqualTo(2);
        assertThat(host.holds(chain.get(3))).as("it continued the corrupt one").isFalse();
        host.keep(sources(4));
        assertThat(host.nearby(chain)).isEqualTo(4);
        host.index().checkInvariants();
    }

    @Test
    void aChunkBeingReadIsNotWrittenOver() {
        host.keep(sources(1));
        var seen = new ArrayList<byte[]>();
        Fetch fetch = host.fetch(chain.subList(0, 1), Chains.BYTES, (index, payload) -> {
            for (int seed = 10; seed < 10 + 2 * SLOTS; seed++) {
                host.keep(List.of(Chains.source(Chains.keys(seed, 1), 0)));
            }
            host.lost(chain.get(0));
            host.index().forget(chain.get(0));
            byte[] bytes = new byte[payload.remaining()];
            payload.get(bytes);
            seen.add(bytes);
        });
        copy();
        assertThat(fetch.outcome()).isCompletedWithValue(new FetchOutcome.Hit(1, 1));
        assertThat(seen).containsExactly(Chains.bytes(chain.get(0)));
        host.index().checkInvariants();
        host.keep(List.of(Chains.source(Chains.keys(99, 1), 0)));
        assertThat(host.stats().usedBytes()).isEqualTo((long) SLOTS * Chains.BYTES);
    }

    @Test
    void aCancelledFetchDeliversNothingMore() {
        host.keep(sources(3));
        Fetch fetch = host.fetch(chain.subList(0, 3), Chains.BYTES, this::arrive);
        fetch.cancel();
        copy();
        assertThat(arrived).isEmpty();
        assertThat(fetch.outcome()).isCompletedWithValue(new FetchOutcome.Miss(MissReason.CANCELLED));
    }

    @Test
    void aFetchThatStallsInTheNextTierCanBeCutAndKeepsWhatCame() {
        host.keep(sources(2));
        chain.forEach(key -> next.chunks.put(key, Chains.bytes(key)));
        next.stallsAfter = 1;
        Fetch fetch = host.fetch(chain, Chains.BYTES, this::arrive);
        copy();
        assertThat(fetch.outcome()).isNotDone();
        assertArrived(3);
        fetch.cancel();
        assertThat(fetch.outcome()).isCompletedWithValue(new FetchOutcome.PartialHit(3, MissReason.CANCELLED, 2));
    }

    @Test
    void whatThePoolLosesTakesItsContinuationsWithIt() {
        host.keep(List.of(Chains.source(chain, 2), Chains.source(chain, 3)));
        host.lost(chain.get(1));
        assertThat(host.holds(chain.get(2))).isFalse();
        assertThat(host.holds(chain.get(3))).isFalse();
        assertThat(host.stats().usedBytes()).isZero();
    }

    @Test
    void aCopyThatFailsLeavesNothingBehind() {
        assertThatThrownBy(() -> host.keep(chain.get(0), Optional.empty(), bytes -> {
                    throw new IllegalStateException("device lost");
                }))
                .hasMessage("device lost");
        assertThatThrownBy(() -> host.keep(chain.get(0), Optional.empty(), bytes -> bytes.put((byte) 1)))
                .hasMessageContaining("expected: " + Chains.BYTES);
        assertThat(host.holds(chain.get(0))).isFalse();
        assertThat(host.stats().usedBytes()).isZero();
        host.index().checkInvariants();
    }

    @Test
    void randomUseNeverLeavesAChunkWhoseParentWasEvicted() {
        long seed = 5;
        var random = new Random(seed);
        List<List<BlockKey>> chains =
                IntStream.range(20, 24).mapToObj(i -> Chains.keys(i, 5)).toList();
        var parents = new HashMap<BlockKey, BlockKey>();
        for (List<BlockKey> each : chains) {
            for (int at = 1; at < each.size(); at++) {
                parents.put(each.get(at), each.get(at - 1));
            }
        }
        var before = new HashSet<BlockKey>();
        for (int step = 0; step < 5_000; step++) {
            List<BlockKey> each = chains.get(random.nextInt(chains.size()));
            int at = random.nextInt(each.size());
            switch (random.nextInt(4)) {
                case 0 -> host.lost(each.get(at));
                case 1 -> fetch(each);
                default -> host.keep(List.of(Chains.source(each, at)));
            }
            host.index().checkInvariants();
            var now = new HashSet<BlockKey>();
            chains.forEach(keys -> keys.stream().filter(host::holds).forEach(now::add));
            for (BlockKey key : now) {
                BlockKey parent = parents.get(key);
                assertThat(parent != null && before.contains(parent) && !now.contains(parent))
                        .as("step %d, seed %d", step, seed)
                        .isFalse();
            }
            before.clear();
            before.addAll(now);
        }
    }

    @Test
    void memoryThatIsNotThereIsAnErrorOrLess() {
        var granted = new int[] {2};
        HostAllocator stingy = bytes -> {
            if (granted[0]-- == 0) {
                throw new OutOfMemoryError("Direct buffer memory");
            }
            return ByteBuffer.allocate(bytes);
        };
        int slot = 64 << 20;
        assertThat(HostSlab.allocate(stingy, 10L * slot, slot, false).slots()).isEqualTo(2);
        granted[0] = 2;
        assertThatThrownBy(() -> HostSlab.allocate(stingy, 10L * slot, slot, true))
                .hasMessageContaining("host.bytes")
                .hasMessageContaining("MaxDirectMemorySize");
        assertThatThrownBy(() -> HostSlab.allocate(stingy, 10, 64, true)).hasMessageContaining("at least 64");
    }

    private List<ChunkSource> sources(int count) {
        return IntStream.range(0, count)
                .mapToObj(at -> Chains.source(chain, at))
                .toList();
    }

    private FetchOutcome fetch(List<BlockKey> keys) {
        arrived.clear();
        Fetch fetch = host.fetch(keys, Chains.BYTES, this::arrive);
        copy();
        return fetch.outcome().join();
    }

    private void copy() {
        while (!copies.isEmpty()) {
            copies.remove().run();
        }
    }

    private void arrive(int index, ByteBuffer payload) {
        byte[] bytes = new byte[payload.remaining()];
        payload.get(bytes);
        assertThat(arrived.put(index, bytes)).isNull();
    }

    private void assertArrived(int count) {
        assertThat(arrived).hasSize(count);
        for (int i = 0; i < count; i++) {
            assertThat(arrived.get(i)).isEqualTo(Chains.bytes(chain.get(i)));
        }
    }
}
