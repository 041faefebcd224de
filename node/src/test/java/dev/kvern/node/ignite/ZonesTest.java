package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Awaits;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.StoreCounters;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Real nodes in two zones, one of which is lost as a whole. */
@Timeout(180)
class ZonesTest {
    private static final int BLOCKS = 300;

    private final ExecutorService executor = Executors.newFixedThreadPool(8);
    private final Map<String, Node> nodes = new LinkedHashMap<>();

    private record Node(String zone, IgniteNode ignite, IgniteBlockStorage storage) {
        List<String> owners(int number) {
            return storage.owners().map().owners(Blocks.key(number));
        }
    }

    private void start(String id, String zone) {
        List<String> addresses =
                nodes.values().stream().map(n -> n.ignite.discoveryAddress()).toList();
        var policy = new ChainLru();
        IgniteNode ignite = IgniteNode.start(
                new IgniteNode.Settings(
                        id, "127.0.0.1", "", zone, 0, 0, addresses, 0, "", 5_000, 1L << 30, 64L << 20, 1 << 20),
                policy,
                key -> {},
                why -> {});
        nodes.put(
                id,
                new Node(
                        zone,
                        ignite,
                        new IgniteBlockStorage(
                                ignite.ignite(),
                                new NodeMessages(ignite.ignite(), executor, 10_000),
                                Placement.withBackups(1),
                                policy,
                                new StoreCounters(),
                                executor,
                                10_000)));
    }

    private Node node(String id) {
        return Objects.requireNonNull(nodes.get(id), id);
    }

    @AfterEach
    void stop() {
        nodes.values().forEach(node -> node.ignite.close());
        executor.shutdownNow();
    }

    private Set<String> zones(List<String> owners) {
        return owners.stream().map(id -> node(id).zone).collect(Collectors.toSet());
    }

    @Test
    void aLostZoneTakesNoBlockWithIt() {
        start("zone-1", "east");
        start("zone-2", "east");
        start("zone-3", "west");
        start("zone-4", "west");
        Awaits.until(
                "all nodes own something, and each block both in the east and in the west",
                () -> nodes.values().stream().allMatch(node -> {
                    var owning = new HashSet<String>();
                    for (int i = 0; i < BLOCKS; i++) {
                        if (zones(node.owners(i)).size() != 2) {
                            return false;
                        }
                        owning.addAll(node.owners(i));
                    }
                    return owning.equals(nodes.keySet());
                }));
        var stored = new ArrayList<CompletableFuture<Boolean>>();
        for (int i = 0; i < BLOCKS; i++) {
            stored.add(node("zone-1").storage.put(Blocks.key(i), Blocks.stored(i, 500)));
        }
        stored.forEach(put -> assertThat(put.join()).isTrue());
        for (int i = 0; i < BLOCKS; i++) {
            String key = Blocks.key(i).toHex();
            Set<String> asIgniteSays = new HashSet<>();
            node("zone-2")
                    .ignite
                    .ignite()
                    .<String>affinity(IgniteBlockStorage.CACHE)
                    .mapKeyToPrimaryAndBackups(key)
                    .forEach(owner -> asIgniteSays.add(owner.attribute(ZonedAffinity.ATTRIBUTE)));
            assertThat(asIgniteSays).containsExactlyInAnyOrder("east", "west");
        }

        // Both at once: no copy can be made in between.
        CompletableFuture.allOf(
                        CompletableFuture.runAsync(node("zone-3").ignite::close, executor),
                        CompletableFuture.runAsync(node("zone-4").ignite::close, executor))
                .join();
        nodes.keySet().removeAll(Set.of("zone-3", "zone-4"));
        Node left = node("zone-1");
        Awaits.until(
                "those left see each other alone", () -> left.storage.usage().clusterNodes() == 2);
        for (int i = 0; i < BLOCKS; i++) {
            BlockKey key = Blocks.key(i);
            assertThat(left.storage.get(key).join()).as("block %d", i).isPresent();
        }
        // With one zone left, copies lie in it rather than nowhere.
        Awaits.until("each block has two copies again", () -> left.owners(0).size() == 2);
    }
}
