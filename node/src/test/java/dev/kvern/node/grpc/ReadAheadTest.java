package dev.kvern.node.grpc;

import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.block.BlockKey;
import dev.kvern.node.Blocks;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.ReadCache;
import dev.kvern.node.store.StoreCounters;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ReadAheadTest {
    /** What a block counts as before the first was read. */
    private static final int BLOCK = 1 << 20;

    private static final List<BlockKey> KEYS =
            IntStream.range(0, 8).mapToObj(Blocks::key).toList();

    private static int ahead(int blocksOfTheBudget) {
        var budget = new SendBudget((long) blocksOfTheBudget * BLOCK, Runnable::run, System::nanoTime);
        var storage = new MapStorage();
        var reader = new BlockReader(storage, new ReadCache(List::of, key -> true), new StoreCounters());
        new ReadAhead(reader, KEYS, 4, false, budget.of(new Object())).fill();
        return (int) (budget.taken() / BLOCK);
    }

    @Test
    void oneOfTheLargestBlocksIsReadWhileAnotherIsSent() {
        assertThat(ahead(4)).isEqualTo(2);
        assertThat(ahead(2)).as("the other half is others'").isEqualTo(1);
    }

    @Test
    void smallBlocksAreReadUpToAQuarterOfTheBudgetOrTheDepth() {
        assertThat(ahead(12)).isEqualTo(3);
        assertThat(ahead(100)).isEqualTo(4);
    }
}
