package dev.kvern.node.ignite;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.UseOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What several Ignite nodes know of each other's blocks. */
class IgniteBlockStorageTest {
    private static final int BLOCKS = 500;

    private final ExecutorService executor = Executors.newFixedThreadPool(8);
    private final Deque<IgniteNode> nodes = new ArrayDeque<>();

    /** One node with its order of use. */
    private final class Node {
        private final UseOrder order = new UseOrder();
        private final IgniteNode ignite;
        private final IgniteBlockStorage storage;

        Node(String id, List<String> addresses) {
            var settings = new IgniteNode.Settings(id, "127.0.0.1", 0, 0, addresses, "", 5_000, 64L << 20, 1 << 20);
            ignite = IgniteNode.start(settings, order, why -> {});
            nodes.push(ignite);
            storage = new IgniteBlockStorage(ignite.ignite(), 2, order, new StoreCounters(), executor, 10_000);
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
            Awaits.until("a node knows what it holds", () -> node.order.size() == BLOCKS);
        }

        // Used at one node, in use for all.
        for (Node node : List.of(first, second, third)) {
            Awaits.until("a node hears of it", () -> {
                // Again each time: looking takes the keys out for a moment, and what is told just then is lost.
                second.storage.get(Blocks.key(7)).join();
                second.storage.tellUse();
                return newest(node.order).equals(Blocks.key(7));
            });
        }
    }

    private static BlockKey newest(UseOrder order) {
        Map<BlockKey, Integer> all = order.takeOldest(Long.MAX_VALUE, BLOCKS);
        all.forEach(order::held);
        return List.copyOf(all.keySet()).get(all.size() - 1);
    }
}
