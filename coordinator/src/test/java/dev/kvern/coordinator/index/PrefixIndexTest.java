package dev.kvern.coordinator.index;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.ByteString;
import dev.kvern.block.BlockChain;
import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.v1.BlocksRemoved;
import dev.kvern.v1.BlocksStored;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

class PrefixIndexTest {
    private static final NamespaceId SPACE = NamespaceId.parse("11".repeat(32));
    private static final NamespaceId OTHER = NamespaceId.parse("22".repeat(32));

    private final PrefixIndex index = new PrefixIndex(10_000);

    private static List<BlockDigest> chain(int... tokens) {
        return new BlockChain(1).digests(tokens);
    }

    private static BlocksStored stored(NamespaceId space, List<BlockDigest> digests) {
        return BlocksStored.newBuilder()
                .setNamespace(space.toByteString())
                .addAllDigests(digests.stream().map(BlockDigest::toByteString).toList())
                .build();
    }

    private static BlocksRemoved removed(NamespaceId space, List<BlockDigest> digests) {
        return BlocksRemoved.newBuilder()
                .setNamespace(space.toByteString())
                .addAllDigests(digests.stream().map(BlockDigest::toByteString).toList())
                .build();
    }

    @Test
    void matchesTheLongestCommonPrefixWithinANamespace() {
        index.stored("a", stored(SPACE, chain(1, 2, 3, 4)));
        assertThat(index.matched("a", SPACE, chain(1, 2, 9))).isEqualTo(2);
        assertThat(index.matched("a", SPACE, chain(1, 2, 3, 4, 5))).isEqualTo(4);
        assertThat(index.matched("a", SPACE, chain(2))).isZero();
        assertThat(index.matched("a", OTHER, chain(1, 2))).isZero();
        assertThat(index.matched("b", SPACE, chain(1, 2))).isZero();
        assertThat(index.matched("a", SPACE, List.of())).isZero();
    }

    @Test
    void agreesWithAPlainSetOfPrefixesOverRandomEvents() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        // Per runner: the chains held, each as its list of tokens; a chain is held with all of its prefixes.
        Map<String, Set<List<Integer>>> model = new HashMap<>();
        for (int step = 0; step < 2_000; step++) {
            String runner = "r" + random.nextInt(3);
            Set<List<Integer>> held = model.computeIfAbsent(runner, r -> new HashSet<>());
            List<Integer> tokens = tokens(random);
            switch (random.nextInt(10)) {
                case 0 -> {
                    index.clear(runner);
                    held.clear();
                }
                case 1, 2, 3 -> {
                    // Only an end goes: one that no held chain goes on from.
                    List<Integer> end = held.stream()
                            .filter(c -> held.stream()
                                    .noneMatch(o -> o.size() == c.size() + 1
                                            && o.subList(0, c.size()).equals(c)))
                            .findAny()
                            .orElse(null);
                    if (end != null) {
                        held.remove(end);
                        index.removed(runner, removed(SPACE, List.of(last(end))));
                    }
                }
                default -> {
                    for (int n = 1; n <= tokens.size(); n++) {
                        held.add(List.copyOf(tokens.subList(0, n)));
                    }
                    index.stored(runner, stored(SPACE, digests(tokens)));
                }
            }
            List<Integer> asked = tokens(random);
            int expected = 0;
            while (expected < asked.size() && held.contains(asked.subList(0, expected + 1))) {
                expected++;
            }
            assertThat(index.matched(runner, SPACE, digests(asked)))
                    .as("seed %d step %d", seed, step)
                    .isEqualTo(expected);
            assertThat(index.size())
                    .as("seed %d step %d", seed, step)
                    .isEqualTo(model.values().stream().mapToInt(Set::size).sum());
        }
    }

    private static List<Integer> tokens(Random random) {
        var tokens = new ArrayList<Integer>();
        int length = 1 + random.nextInt(6);
        for (int i = 0; i < length; i++) {
            tokens.add(random.nextInt(2));
        }
        return tokens;
    }

    private static List<BlockDigest> digests(List<Integer> tokens) {
        return chain(tokens.stream().mapToInt(Integer::intValue).toArray());
    }

    private static BlockDigest last(List<Integer> tokens) {
        List<BlockDigest> digests = digests(tokens);
        return digests.get(digests.size() - 1);
    }

    @Test
    void takesNoMoreThanItsLimitAndCountsTheRest() {
        var small = new PrefixIndex(3);
        small.stored("a", stored(SPACE, chain(1, 2, 3, 4, 5)));
        assertThat(small.size()).isEqualTo(3);
        assertThat(small.dropped()).isEqualTo(2);
        assertThat(small.matched("a", SPACE, chain(1, 2, 3, 4, 5))).isEqualTo(3);
        small.clear("a");
        assertThat(small.size()).isZero();
    }

    @Test
    void refusesDigestsOfAnotherLength() {
        BlocksStored event = BlocksStored.newBuilder()
                .setNamespace(SPACE.toByteString())
                .addDigests(ByteString.copyFromUtf8("short"))
                .build();
        assertThatThrownBy(() -> index.stored("a", event)).hasMessageContaining("5 bytes (expected: 32)");
    }
}
