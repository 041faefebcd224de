package dev.kvern.runner.kv;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class BlockPoolTest {
    private static final NamespaceId SPACE = NamespaceId.wrap(new byte[32]);
    private static final BlockChain CHAIN = new BlockChain(1);

    private final BlockPool pool = new BlockPool(4);
    private final EventLog events = new EventLog();

    {
        pool.listen(events);
    }

    @Test
    void takesAllOrNothing() {
        List<WritableBlock> three = pool.acquire(3).orElseThrow();
        assertThat(pool.acquire(2)).isEmpty();
        assertThat(pool.usage()).isEqualTo(new PoolUsage(4, 0, 3));
        three.forEach(WritableBlock::close);
        three.forEach(WritableBlock::close);
        assertThat(pool.usage()).isEqualTo(new PoolUsage(4, 0, 0));
    }

    @Test
    void publishedBlocksAreFoundAfterTheirHolderIsGone() {
        List<BlockDigest> chain = CHAIN.digests(new int[] {1, 2, 3});
        publish(BlockChain.root(), chain).forEach(HeldBlock::close);
        assertThat(pool.usage()).isEqualTo(new PoolUsage(4, 3, 0));
        List<PinnedBlock> pins = pool.pinLongestPrefix(SPACE, CHAIN.digests(new int[] {1, 2, 9}), 1);
        assertThat(pins).hasSize(2);
        assertThat(pool.pinLongestPrefix(SPACE, chain, 2)).hasSize(2);
        assertThat(pool.pinLongestPrefix(NamespaceId.wrap(filled(1)), chain, 1)).isEmpty();
        assertThat(pool.pinAll(SPACE, CHAIN.digests(new int[] {1, 2, 9}))).isEmpty();
    }

    @Test
    void evictsLeavesBeforeParentsAndTheLeastRecentlyUsedFirst() {
        List<BlockDigest> old = CHAIN.digests(new int[] {1, 2});
        List<BlockDigest> young = CHAIN.digests(new int[] {7, 8});
        publish(BlockChain.root(), old).forEach(HeldBlock::close);
        publish(BlockChain.root(), young).forEach(HeldBlock::close);
        pool.pinLongestPrefix(SPACE, old, 1).forEach(HeldBlock::close);

        assertThat(pool.acquire(1)).isPresent();
        assertThat(pool.acquire(1)).isPresent();
        assertThat(pool.acquire(1)).isPresent();
        assertThat(events.removed).containsExactly(young.get(1), young.get(0), old.get(1));
    }

    @Test
    void aPinnedChildKeepsItsParent() {
        List<BlockDigest> chain = CHAIN.digests(new int[] {1, 2, 3});
        List<PinnedBlock> pins = publish(BlockChain.root(), chain);
        pins.get(0).close();
        pins.get(1).close();
        assertThat(pool.acquire(2)).as("two are unpinned, but the leaf is not").isEmpty();
        assertThat(events.removed).isEmpty();
        pins.get(2).close();
        assertThat(pool.acquire(4)).isPresent();
    }

    @Test
    void aSecondCopyIsGivenUpForTheFirst() {
        List<BlockDigest> chain = CHAIN.digests(new int[] {1, 2});
        List<PinnedBlock> first = publish(BlockChain.root(), chain.subList(0, 1));
        List<PinnedBlock> both = publish(BlockChain.root(), chain);
        assertThat(both.get(0).index()).isEqualTo(first.get(0).index());
        assertThat(pool.usage().used()).isEqualTo(2);
        assertThat(events.stored).isEqualTo(chain);
        assertThat(events.parents).containsExactly(BlockChain.root(), chain.get(0));
    }

    @Test
    void nothingIsPublishedWithoutItsParent() {
        List<BlockDigest> chain = CHAIN.digests(new int[] {1, 2});
        List<WritableBlock> block = pool.acquire(1).orElseThrow();
        assertThat(pool.publish(SPACE, chain.get(0), chain.subList(1, 2), block))
                .isEmpty();
        block.get(0).close();
        assertThat(pool.usage()).isEqualTo(new PoolUsage(4, 0, 0));
    }

    @Test
    void aReceiptThatWasGivenBackIsWorthNothing() {
        WritableBlock block = pool.acquire(1).orElseThrow().get(0);
        block.close();
        assertThatThrownBy(() -> pool.publish(SPACE, BlockChain.root(), CHAIN.digests(new int[] {1}), List.of(block)))
                .isInstanceOf(IllegalStateException.class);
        PinnedBlock pin =
                publish(BlockChain.root(), CHAIN.digests(new int[] {1})).get(0);
        pin.close();
        assertThatThrownBy(pin::pin).isInstanceOf(IllegalStateException.class);
    }

    @Test
    void replayTellsTheWholeForest() {
        publish(BlockChain.root(), CHAIN.digests(new int[] {1, 2}));
        publish(BlockChain.root(), CHAIN.digests(new int[] {1, 3}));
        publish(BlockChain.root(), CHAIN.digests(new int[] {4}));
        var log = new EventLog();
        pool.replay(log);
        assertThat(log.stored).containsExactlyInAnyOrderElementsOf(events.stored);
        assertThat(log.stored.indexOf(CHAIN.digests(new int[] {1}).get(0))).isZero();
        assertThat(log.parents)
                .containsExactly(BlockChain.root(), CHAIN.digests(new int[] {1}).get(0), BlockChain.root());
    }

    @Test
    void runsAreToldOfBeforeTheirFirstBlockIsUsedAgain() {
        var told = new ArrayList<String>();
        pool.onEviction(
                2,
                (namespace, parent, last, places) -> told.add(
                        parent.map(d -> "after " + d).orElse("first") + " " + last + " " + Arrays.toString(places)));
        List<BlockDigest> chain = CHAIN.digests(new int[] {1, 2, 3, 4});
        List<PinnedBlock> pins = publish(BlockChain.root(), chain);
        int[] at = pins.stream().mapToInt(PinnedBlock::index).toArray();
        pins.forEach(HeldBlock::close);
        pool.acquire(1);
        assertThat(told)
                .containsExactly(
                        "after " + chain.get(1) + " " + chain.get(3) + " " + Arrays.toString(new int[] {at[2], at[3]}));
        pool.acquire(1);
        assertThat(told).as("the other half of a run that was told of").hasSize(1);
        pool.acquire(2);
        assertThat(told).hasSize(2);
        assertThat(told.get(1)).isEqualTo("first " + chain.get(1) + " " + Arrays.toString(new int[] {at[0], at[1]}));
    }

    private List<PinnedBlock> publish(BlockDigest parent, List<BlockDigest> digests) {
        return pool.publish(SPACE, parent, digests, pool.acquire(digests.size()).orElseThrow())
                .orElseThrow();
    }

    private static byte[] filled(int value) {
        byte[] bytes = new byte[32];
        java.util.Arrays.fill(bytes, (byte) value);
        return bytes;
    }
}
