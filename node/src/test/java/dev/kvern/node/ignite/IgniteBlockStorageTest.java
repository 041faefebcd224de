package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.EvictionPolicy;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.StoredBlock;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.ignite.IgniteCache;
import org.apache.ignite.cache.CachePeekMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What several Ignite nodes know of each other's blocks. */
class IgniteBlockStorageTest {
    private static final int BLOCKS = 500;

    private final ExecutorService executor = Executors.newFixedThreadPool(8);
    private final Deque<IgniteNode> nodes = new ArrayDeque<>();

    /** One node with its eviction policy. */
    private final class Node {
        private final HearingPolicy policy = new HearingPolicy();
        private final IgniteNode ignite;
        private final IgniteBlockStorage storage;

        Node(String id, List<String> addresses) {
            var settings = new IgniteNode.Settings(
                    id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, 1L << 30, 64L << 20, 1 << 20);
            ignite = IgniteNode.start(settings, policy, key -> {}, why -> {});
            nodes.push(ignite);
            var messages = new NodeMessages(ignite.ignite(), executor, 10_000);
            storage = new IgniteBlockStorage(
                    ignite.ignite(), messages, Placement.withBackups(2), policy, new StoreCounters(), executor, 10_000);
        }

        IgniteCache<String, byte[]> cache() {
            return ignite.ignite().cache(IgniteBlockStorage.CACHE);
        }

        long blocks() {
            return storage.usage().primaryBlocks() + storage.usage().backupBlocks();
        }
    }

    @AfterEach
    void stop() {
        nodes.forEach(IgniteNode::close);
        executor.shutdownNow();
    }

    @Test
    void nodesKnowTheOrderOfUseOfAllTheyHold() {
        var first = new Node("use-1", List.of());
        for (int i = 0; i < BLOCKS; i++) {
            first.storage.put(Blocks.key(i), Blocks.stored(i, 20_000)).join();
        }
        List<String> addresses = List.of(first.ignite.discoveryAddress());
        var second = new Node("use-2", addresses);
        var third = new Node("use-3", addresses);
        for (Node node : List.of(first, second, third)) {
            Awaits.until("a node holds its copies", () -> node.blocks() == BLOCKS);
            // Also of those that came while it was joining.
            Awaits.until("a node knows what it holds", () -> node.policy.size() == BLOCKS);
        }

        // Used at one node, in use for all.
        for (Node node : List.of(first, second, third)) {
            Awaits.until("a node hears of it", () -> {
                second.storage.get(Blocks.key(7)).join();
                second.storage.tellUse();
                return node.policy.told(Blocks.key(7)).isPresent();
            });
            assertThat(newest(node.policy)).isEqualTo(Blocks.key(7));
        }
    }

    @Test
    void aLookUpBelievesWhatTheNodeRemembersToHold() {
        var node = new Node("look-up-1", List.of());
        node.storage.put(Blocks.key(0), Blocks.stored(0, 20_000)).join();
        node.policy.held(Blocks.key(1), Optional.of(Blocks.key(0)), 20_000);

        List<BlockKey> chain = List.of(Blocks.key(0), Blocks.key(1), Blocks.key(2));
        // No page of the second is there to be read.
        assertThat(node.storage.match(chain).join()).isEqualTo(2);

        node.storage.delete(Blocks.key(0)).join();
        assertThat(node.storage.match(chain).join()).isZero();
    }

    /** As if the first Put of a block had reached its primary owner and not yet its backups. */
    @Test
    void aSecondPutBringsTheBlockToAllOfItsOwners() {
        var first = new Node("again-1", List.of());
        var second = new Node("again-2", List.of(first.ignite.discoveryAddress()));
        Awaits.until(
                "both own keys",
                () -> first.storage.owners().map().owners(Blocks.key(1)).size() == 2
                        && second.storage
                                .owners()
                                .map()
                                .version()
                                .equals(first.storage.owners().map().version()));
        for (int i = 0; i < 20; i++) {
            BlockKey key = Blocks.key(i);
            StoredBlock block = Blocks.stored(i, 20_000);
            assertThat(first.storage.put(key, block).join()).isTrue();
            Node backup = first.storage.owners().isForeign(key) ? first : second;
            backup.cache().localClear(key.toHex());
            Node asked = i % 2 == 0 ? first : second;
            assertThat(asked.storage.put(key, block).join()).isFalse();
            assertThat(backup.cache().localPeek(key.toHex(), CachePeekMode.OFFHEAP))
                    .as("block %d at its backup", i)
                    .isEqualTo(block.encoded());
        }
    }

    @Test
    void aRepairNeitherBringsBackNorReplacesWhatIsGood() {
        var node = new Node("repair", List.of());
        IgniteCache<String, byte[]> cache = node.ignite.ignite().cache(IgniteBlockStorage.CACHE);
        String name = Blocks.key(1).toHex();
        StoredBlock good = Blocks.stored(1, 20_000);
        var repair = new RepairCopies(Optional.of(good));

        assertThat(cache.invoke(name, repair)).as("deleted meanwhile").isFalse();
        assertThat(cache.get(name)).isNull();

        byte[] corrupt = good.encoded().clone();
        corrupt[StoredBlock.HEADER_BYTES + 7] ^= 1;
        cache.put(name, corrupt);
        assertThat(cache.invoke(name, repair)).isTrue();
        assertThat(cache.get(name)).isEqualTo(good.encoded());

        byte[] other = encoded(1, Blocks.payload(2, 20_000));
        cache.put(name, other);
        assertThat(cache.invoke(name, repair)).as("another good block").isFalse();
        assertThat(cache.invoke(name, new RepairCopies(Optional.empty()))).isFalse();
        assertThat(cache.get(name)).isEqualTo(other);

        cache.put(name, corrupt);
        assertThat(cache.invoke(name, new RepairCopies(Optional.empty()))).isTrue();
        assertThat(cache.get(name)).isNull();
    }

    /** A block of other bytes under a key, whole. */
    private static byte[] encoded(int number, byte[] payload) {
        byte[] encoded = new byte[StoredBlock.encodedBytes(payload.length)];
        StoredBlock.begin(encoded, Blocks.checksum(number, payload), 64, Optional.empty());
        System.arraycopy(payload, 0, encoded, StoredBlock.HEADER_BYTES, payload.length);
        return encoded;
    }

    /** The block that would be the last to go; takes all of them out. */
    private static BlockKey newest(EvictionPolicy policy) {
        var all = new ArrayList<EvictionPolicy.Victim>();
        for (var next = policy.takeVictim(); next.isPresent(); next = policy.takeVictim()) {
            all.add(next.get());
        }
        return all.get(all.size() - 1).key();
    }
}
