package dev.kvern.runner.tier;

import static org.assertj.core.api.Assertions.assertThat;

import io.grpc.ManagedChannel;
import io.grpc.inprocess.InProcessChannelBuilder;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;

class ToAskTest {
    /** Ten of them may lie unread. */
    private static final int CHUNK_BYTES = ToAsk.UNREAD_BYTES / 10;

    private static final int WINDOW_BYTES = 4 << 20;
    private static final ManagedChannel NOBODY =
            InProcessChannelBuilder.forName("nobody").build();

    @AfterAll
    static void stop() {
        NOBODY.shutdownNow();
    }

    private static TierNode node(int number) {
        return new TierNode(
                NodeTarget.at("node-" + number), NOBODY, new Breaker(1, 1, () -> 1), new SharedBlocks(false));
    }

    private static List<OwnerGroup> groups(Random random, int nodes, int chunks) {
        var places = IntStream.range(0, nodes)
                .mapToObj(any -> new ArrayList<Integer>())
                .toList();
        IntStream.range(0, chunks)
                .forEach(place -> places.get(random.nextInt(nodes)).add(place));
        return IntStream.range(0, nodes)
                .filter(node -> !places.get(node).isEmpty())
                .mapToObj(node -> new OwnerGroup(node(node), List.copyOf(places.get(node))))
                .toList();
    }

    @Test
    void fewNodesAreAskedForAllAtOnce() {
        var toAsk = new ToAsk(CHUNK_BYTES);
        List<OwnerGroup> groups = groups(new Random(1), ToAsk.UNREAD_BYTES / WINDOW_BYTES, 100);
        toAsk.addAll(groups, WINDOW_BYTES);
        assertThat(toAsk.due(0, place -> true).stream().map(ToAsk.Part::group)).isEqualTo(groups);
        assertThat(toAsk.isEmpty()).isTrue();
    }

    @Test
    void manyNodesWithLittleAreAskedForAllAtOnce() {
        var toAsk = new ToAsk(CHUNK_BYTES);
        List<OwnerGroup> groups = groups(new Random(2), 50, 10);
        toAsk.addAll(groups, WINDOW_BYTES);
        assertThat(toAsk.due(0, place -> true).stream().map(ToAsk.Part::group)).isEqualTo(groups);
    }

    /** Whatever the order in which chunks come, and whatever must be asked for again. */
    @Test
    void eachChunkIsAskedForOnceInTimeAndNoMoreThanMayLieUnread() {
        for (int seed = 0; seed < 300; seed++) {
            var random = new Random(seed);
            int chunks = 1 + random.nextInt(100);
            var toAsk = new ToAsk(CHUNK_BYTES);
            // So that no window is smaller than a chunk.
            toAsk.addAll(groups(random, 1 + random.nextInt(30), chunks), CHUNK_BYTES);
            boolean all = false;
            var asked = new TreeSet<Integer>();
            int next = 0;
            int end = chunks;
            while (next < end) {
                int limit = end;
                for (ToAsk.Part part : toAsk.due(next, place -> place < limit)) {
                    all |= part.all();
                    for (int place : part.group().places()) {
                        assertThat(asked.add(place))
                                .as("seed %d, %d", seed, place)
                                .isTrue();
                        assertThat(place).as("seed %d", seed).isLessThan(end);
                    }
                }
                assertThat(asked).as("seed %d", seed).contains(next);
                assertThat(all || asked.tailSet(next).size() <= 10)
                        .as("seed %d: %s asked for, %d awaited", seed, asked, next)
                        .isTrue();
                if (random.nextInt(8) == 0) {
                    List<Integer> failed = asked.tailSet(next).stream()
                            .filter(any -> random.nextBoolean())
                            .toList();
                    failed.forEach(asked::remove);
                    if (!failed.isEmpty()) {
                        toAsk.addAgain(List.of(new OwnerGroup(node(99), failed)), 1, true);
                    }
                } else if (random.nextInt(50) == 0) {
                    end = next + random.nextInt(end - next);
                } else {
                    next++;
                }
            }
        }
    }

    @Test
    void smallChunksNearEachOtherComeByOneStream() {
        var toAsk = new ToAsk(ToAsk.UNREAD_BYTES / 1_000);
        toAsk.addAll(groups(new Random(3), 10, 10_000), WINDOW_BYTES);
        int streams = 0;
        for (int next = 0; next < 10_000; next++) {
            streams += toAsk.due(next, place -> true).size();
        }
        assertThat(streams).isBetween(10 * 10_000 / 1_000, 10 * 10_000 / 400);
    }

    @Test
    void aChunkThatIsTooLargeIsAskedForAllTheSame() {
        var toAsk = new ToAsk(ToAsk.UNREAD_BYTES + 1);
        toAsk.addAll(groups(new Random(4), 20, 20), WINDOW_BYTES);
        for (int next = 0; next < 20; next++) {
            int asked = toAsk.due(next, place -> true).stream()
                    .mapToInt(part -> part.group().places().size())
                    .sum();
            assertThat(asked).as("%d", next).isEqualTo(next == 0 ? 2 : next < 19 ? 1 : 0);
        }
        assertThat(toAsk.isEmpty()).isTrue();
    }
}
