package dev.kvern.node.ignite;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ChainLookUpTest {
    private final List<BlockKey> chain =
            IntStream.range(0, 150).mapToObj(Blocks::key).toList();
    private final Set<BlockKey> stored = new HashSet<>(chain);

    /** Of which the store says nothing. */
    private final Map<BlockKey, CompletableFuture<Boolean>> hanging = new HashMap<>();

    private final List<BlockKey> asked = new ArrayList<>();
    private final CompletableFuture<Void> late = new CompletableFuture<>();

    private CompletableFuture<Integer> count() {
        return new ChainLookUp(
                        chain,
                        key -> hanging.containsKey(key)
                                ? hanging.get(key)
                                : CompletableFuture.completedFuture(stored.contains(key)),
                        key -> {
                            asked.add(key);
                            return CompletableFuture.completedFuture(stored.contains(key));
                        },
                        late)
                .count();
    }

    @Test
    void asksNobodyElseWhileTheStoreAnswers() {
        assertThat(count()).isCompletedWithValue(150);
        stored.remove(chain.get(70));
        assertThat(count()).isCompletedWithValue(70);
        late.complete(null);
        assertThat(count()).isCompletedWithValue(70);
        assertThat(asked).isEmpty();
    }

    @Test
    void asksTheOwnersOfWhatIsStillOpenOnceItIsLate() {
        List.of(3, 60, 100).forEach(place -> hanging.put(chain.get(place), new CompletableFuture<>()));
        CompletableFuture<Integer> counted = count();
        assertThat(counted).isNotDone();
        assertThat(asked).isEmpty();
        late.complete(null);
        assertThat(counted).isCompletedWithValue(150);
        // In the next batch, which began late, at once.
        assertThat(asked).containsExactly(chain.get(3), chain.get(60), chain.get(100));
    }

    @Test
    void failsAsTheStoreDoesIfNobodyAnswers() {
        var open = new CompletableFuture<Boolean>();
        hanging.put(chain.get(5), open);
        CompletableFuture<Integer> counted = count();
        open.completeExceptionally(new KvernException(ErrorReason.PEER_SILENT, "nobody answers"));
        assertThat(counted).isCompletedExceptionally();
    }

    @Test
    void countsAsALoopWould() {
        for (int seed = 0; seed < 200; seed++) {
            var random = new Random(seed);
            hanging.clear();
            stored.clear();
            stored.addAll(chain);
            chain.stream().filter(key -> random.nextInt(100) == 0).forEach(stored::remove);
            chain.stream()
                    .filter(key -> random.nextInt(10) == 0)
                    .forEach(key -> hanging.put(key, new CompletableFuture<>()));
            int expected = 0;
            while (expected < chain.size() && stored.contains(chain.get(expected))) {
                expected++;
            }
            CompletableFuture<Integer> counted = count();
            late.complete(null);
            assertThat(counted).as("seed %d", seed).isCompletedWithValue(expected);
        }
    }
}
