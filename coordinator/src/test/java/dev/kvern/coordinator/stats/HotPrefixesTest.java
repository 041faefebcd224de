package dev.kvern.coordinator.stats;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockDigest;
import dev.kvern.block.NamespaceId;
import dev.kvern.coordinator.stats.HotPrefixes.Block;
import dev.kvern.coordinator.stats.HotPrefixes.Prefix;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HotPrefixesTest {
    private static final NamespaceId SPACE = NamespaceId.wrap(new byte[32]);
    private static final int TOKENS = 16;

    /** A prompt of a block for each letter; a block's name is all letters up to it, as a digest's is. */
    private static List<Block> prompt(String letters, int reusedBlocks) {
        var blocks = new ArrayList<Block>();
        for (int i = 0; i < letters.length(); i++) {
            byte[] name = Arrays.copyOf(letters.substring(0, i + 1).getBytes(StandardCharsets.US_ASCII), 32);
            blocks.add(new Block(
                    BlockDigest.wrap(name), letters.substring(i, i + 1), TOKENS, i < reusedBlocks ? TOKENS : 0));
        }
        return blocks;
    }

    @Test
    void promptsPartWhereTheyDiffer() {
        var tree = new HotPrefixes(100);
        tree.add("m", SPACE, prompt("abcd", 0), 1);
        tree.add("m", SPACE, prompt("abxy", 2), 2);
        tree.add("m", SPACE, prompt("abcd", 3), 3);
        List<Prefix> top = tree.hottest(100, 3);
        assertThat(top).hasSize(1);
        Prefix ab = top.get(0);
        assertThat(ab.text()).isEqualTo("ab");
        assertThat(ab.tokens()).isEqualTo(2 * TOKENS);
        assertThat(ab.requests()).isEqualTo(3);
        assertThat(ab.reusedTokens()).isEqualTo(4 * TOKENS);
        assertThat(ab.lastMillis()).isEqualTo(3);
        assertThat(ab.children()).extracting(Prefix::text).containsExactly("cd", "xy");
        Prefix cd = ab.children().get(0);
        assertThat(cd.fromToken()).isEqualTo(2 * TOKENS);
        assertThat(cd.requests()).isEqualTo(2);
        assertThat(cd.reusedTokens()).isEqualTo(TOKENS);
    }

    @Test
    void chainsOfEqualTextHaveIdsOfTheirOwnThatLast() {
        var tree = new HotPrefixes(100);
        var other = NamespaceId.wrap(Arrays.copyOf(new byte[] {1}, 32));
        tree.add("m", SPACE, prompt("ab", 0), 1);
        tree.add("m", other, prompt("ab", 0), 1);
        List<Prefix> before = tree.hottest(100, 1);
        assertThat(before).extracting(Prefix::text).containsExactly("ab", "ab");
        assertThat(before).extracting(Prefix::id).doesNotHaveDuplicates();
        tree.add("m", SPACE, prompt("ac", 0), 1);
        List<Prefix> after = tree.hottest(100, 1);
        assertThat(after)
                .extracting(Prefix::id)
                .containsExactlyInAnyOrderElementsOf(
                        before.stream().map(Prefix::id).toList());
        assertThat(after.get(0).children()).extracting(Prefix::id).doesNotHaveDuplicates();
    }

    @Test
    void aPromptThatIsTheBeginningOfAnotherIsCountedApart() {
        var tree = new HotPrefixes(100);
        tree.add("m", SPACE, prompt("abcd", 0), 1);
        tree.add("m", SPACE, prompt("ab", 2), 1);
        Prefix ab = tree.hottest(100, 1).get(0);
        assertThat(ab.requests()).isEqualTo(2);
        assertThat(ab.children()).extracting(Prefix::requests).containsExactly(1L);
        // And without a fork or an end between them chains are one.
        var one = new HotPrefixes(100);
        one.add("m", SPACE, prompt("ab", 0), 1);
        one.add("m", SPACE, prompt("abcd", 0), 1);
        one.add("m", SPACE, prompt("abcd", 0), 1);
        assertThat(one.hottest(100, 1).get(0).children()).hasSize(1);
    }

    @Test
    void everyBlockCountsAsInABruteForceModel() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var tree = new HotPrefixes(10_000);
        Map<String, Long> requests = new HashMap<>();
        Map<String, Long> reused = new HashMap<>();
        for (int i = 0; i < 400; i++) {
            var letters = new StringBuilder();
            for (int length = 1 + random.nextInt(8); length > 0; length--) {
                letters.append((char) ('a' + random.nextInt(3)));
            }
            int warm = random.nextInt(letters.length() + 1);
            tree.add("m", SPACE, prompt(letters.toString(), warm), i);
            for (int end = 1; end <= letters.length(); end++) {
                requests.merge(letters.substring(0, end), 1L, Long::sum);
                reused.merge(letters.substring(0, end), end <= warm ? (long) TOKENS : 0L, Long::sum);
            }
        }
        Map<String, Long> seen = new HashMap<>();
        for (Prefix top : tree.hottest(10_000, 400)) {
            check(top, "", requests, reused, seen, seed);
        }
        assertThat(seen).as("seed %d", seed).isEqualTo(requests);
    }

    private static void check(
            Prefix prefix,
            String before,
            Map<String, Long> requests,
            Map<String, Long> reused,
            Map<String, Long> seen,
            long seed) {
        assertThat(prefix.fromToken()).isEqualTo(before.length() * TOKENS);
        long sum = 0;
        for (int end = 1; end <= prefix.text().length(); end++) {
            String name = before + prefix.text().substring(0, end);
            seen.put(name, prefix.requests());
            sum += reused.getOrDefault(name, 0L);
        }
        assertThat(prefix.reusedTokens())
                .as("seed %d, %s after %s", seed, prefix.text(), before)
                .isEqualTo(sum);
        for (Prefix child : prefix.children()) {
            assertThat(child.heat()).isLessThanOrEqualTo(prefix.heat());
            check(child, before + prefix.text(), requests, reused, seen, seed);
        }
    }

    @Test
    void whatIsUsedStaysWhenThereIsTooMuch() {
        var tree = new HotPrefixes(20);
        for (int i = 0; i < 1_000; i++) {
            tree.add("m", SPACE, prompt("hot" + (char) ('a' + i % 3), 3), i);
            String once = Integer.toString(i, 36) + "-";
            tree.add(
                    "m",
                    NamespaceId.wrap(Arrays.copyOf(once.getBytes(StandardCharsets.US_ASCII), 32)),
                    prompt(once, 0),
                    i);
            assertThat(tree.size()).isLessThanOrEqualTo(20);
        }
        Prefix hottest = tree.hottest(5, 1_000).get(0);
        assertThat(hottest.text()).isEqualTo("hot");
        assertThat(hottest.requests()).isEqualTo(1_000);
        assertThat(hottest.children()).extracting(Prefix::text).containsExactlyInAnyOrder("a", "b", "c");
    }

    @Test
    void whatWasHotOnceGivesWay() {
        var tree = new HotPrefixes(100);
        for (int i = 0; i < 10; i++) {
            tree.add("m", SPACE, prompt("old", 0), 0);
        }
        long hour = 3_600_000;
        tree.add("m", SPACE, prompt("new", 0), hour);
        assertThat(tree.hottest(1, hour)).extracting(Prefix::text).containsExactly("new");
        assertThat(tree.hottest(2, hour)).extracting(Prefix::requests).containsExactly(1L, 10L);
    }
}
