package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.MapVersion;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.StoreCounters;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The map that nodes give out beside what Ignite says when it is asked for each key. */
class AffinityOwnersTest {
    private static final int KEYS = 2_000;

    private final ExecutorService executor = Executors.newFixedThreadPool(4);
    private final Map<String, Node> nodes = new LinkedHashMap<>();

    private record Node(IgniteNode ignite, IgniteBlockStorage storage) {
        OwnerMap map() {
            return storage.owners().map();
        }

        /** Member ids of the nodes that this one asks for a key. */
        List<String> nodes(BlockKey key) {
            return ((AffinityOwners) storage.owners())
                    .nodes(key).stream().map(NodeMessages::id).toList();
        }

        /** Member ids of who holds a key, the primary owner first, as Ignite says. */
        List<String> owners(BlockKey key) {
            return ignite
                    .ignite()
                    .<String>affinity(IgniteBlockStorage.CACHE)
                    .mapKeyToPrimaryAndBackups(key.toHex())
                    .stream()
                    .map(node -> String.valueOf(node.consistentId()))
                    .toList();
        }
    }

    private Node start(String id) {
        List<String> addresses =
                nodes.values().stream().map(n -> n.ignite.discoveryAddress()).toList();
        var policy = new ChainLru();
        IgniteNode ignite = IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", "", 0, 0, addresses, 0, "", 5_000, 1L << 30, 64L << 20, 1 << 20),
                policy,
                key -> {},
                why -> {});
        var node = new Node(
                ignite,
                new IgniteBlockStorage(
                        ignite.ignite(),
                        new NodeMessages(ignite.ignite(), executor, 10_000),
                        Placement.withBackups(1),
                        policy,
                        new StoreCounters(),
                        executor,
                        10_000));
        nodes.put(id, node);
        return node;
    }

    private void stop(String id) {
        Optional.ofNullable(nodes.remove(id)).ifPresent(node -> node.ignite.close());
    }

    @AfterEach
    void stop() {
        List.copyOf(nodes.keySet()).forEach(this::stop);
        executor.shutdownNow();
    }

    @Test
    void isWhatIgniteSaysOfEveryKeyWhoeverJoinsOrLeaves() {
        var versions = new ArrayList<MapVersion>();
        start("map-1");
        versions.add(settled());
        start("map-2");
        versions.add(settled());
        start("map-3");
        versions.add(settled());
        stop("map-2");
        versions.add(settled());
        assertThat(versions).isSorted().doesNotHaveDuplicates();
        // A few bytes for each partition and name, as each runner hears it.
        assertThat(anyMap().message().getSerializedSize()).isLessThan(2_000);

        // A cluster begun anew counts from 1 again, and its map is the newer one all the same.
        stop("map-1");
        stop("map-3");
        start("map-1");
        MapVersion reborn = settled();
        assertThat(reborn.topology()).isLessThan(versions.get(3).topology());
        assertThat(reborn).isGreaterThan(versions.get(3));
    }

    @Test
    void whatIsHeldElsewhereIsFoundToo() {
        Node first = start("map-1");
        Node second = start("map-2");
        Node third = start("map-3");
        settled();
        int foreign = 0;
        int elsewhere = 0;
        for (int i = 0; i < 60; i++) {
            BlockKey key = Blocks.key(i);
            first.storage.put(key, Blocks.stored(i, 500)).join();
            foreign += first.storage.owners().isForeign(key) ? 1 : 0;
            elsewhere += first.owners(key).contains("map-1") ? 0 : 1;
            for (Node node : List.of(first, second, third)) {
                assertThat(node.storage.owners().isForeign(key))
                        .isEqualTo(!node.owners(key)
                                .get(0)
                                .equals(node.ignite.ignite().name()));
                assertThat(node.storage.get(key).join().orElseThrow().encoded())
                        .isEqualTo(Blocks.stored(i, 500).encoded());
            }
        }
        assertThat(foreign).isBetween(20, 59);
        assertThat(elsewhere).isPositive();
    }

    /** Waits until all nodes give out one map, in which all of them own something and which is what Ignite says; its version. */
    private MapVersion settled() {
        Awaits.until("one map of " + nodes.keySet() + ", and Ignite's", this::agreed);
        return anyMap().version();
    }

    private boolean agreed() {
        OwnerMap map = anyMap();
        return primaries(map).equals(nodes.keySet()) && nodes.values().stream().allMatch(node -> agrees(node, map));
    }

    private static boolean agrees(Node node, OwnerMap map) {
        return node.map().version().equals(map.version())
                && IntStream.range(0, KEYS)
                        .mapToObj(Blocks::key)
                        .allMatch(key -> node.map().owners(key).equals(map.owners(key))
                                && node.nodes(key).equals(map.owners(key))
                                && node.owners(key).equals(map.owners(key)));
    }

    private OwnerMap anyMap() {
        return nodes.values().iterator().next().map();
    }

    private static Set<String> primaries(OwnerMap map) {
        return IntStream.range(0, KEYS)
                .mapToObj(i -> map.owners(Blocks.key(i)).get(0))
                .collect(Collectors.toSet());
    }
}
