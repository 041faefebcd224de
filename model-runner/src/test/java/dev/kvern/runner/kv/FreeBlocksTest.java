package dev.kvern.runner.kv;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class FreeBlocksTest {
    @Test
    void takesBlocksSideBySideWhereItCan() {
        var free = new FreeBlocks(10);
        assertThat(free.take(3, -1)).containsExactly(0, 1, 2);
        assertThat(free.take(2, 5)).containsExactly(6, 7);
        // 3, 4, 5 and 8, 9 are left.
        assertThat(free.take(2, 7)).containsExactly(8, 9);
        assertThat(free.take(2, 9)).containsExactly(3, 4);
        free.add(0);
        free.add(8);
        assertThat(free.take(3, -1)).as("no run of three").containsExactly(0, 5, 8);
        assertThat(free.count()).isZero();
    }

    @Test
    void leavesRoomBehindASequenceToGrow() {
        var free = new FreeBlocks(100);
        assertThat(free.take(2, -1)).containsExactly(50, 51);
        assertThat(free.take(2, -1)).as("the middle of the longer half").containsExactly(25, 26);
        assertThat(free.take(1, 51)).containsExactly(52);
        assertThat(free.take(60, -1)).as("more than any run has").startsWith(0).hasSize(60);
    }

    @Test
    void agreesWithASetOverRandomTaking() {
        long seed = new Random().nextLong();
        var random = new Random(seed);
        var free = new FreeBlocks(100);
        var model = new TreeSet<Integer>();
        for (int i = 0; i < 100; i++) {
            model.add(i);
        }
        for (int step = 0; step < 5_000; step++) {
            if (!model.isEmpty() && random.nextBoolean()) {
                int wanted = 1 + random.nextInt(Math.min(12, model.size()));
                int after = random.nextInt(100);
                int[] taken = free.take(wanted, after);
                assertThat(taken).as("seed %d step %d", seed, step).hasSize(wanted);
                for (int block : taken) {
                    assertThat(model.remove(block))
                            .as("seed %d step %d", seed, step)
                            .isTrue();
                }
            } else {
                int block = random.nextInt(100);
                if (model.add(block)) {
                    free.add(block);
                }
            }
            assertThat(free.count()).isEqualTo(model.size());
        }
    }
}
