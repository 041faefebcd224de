package dev.kvern.runner.kv;

import java.util.BitSet;

/**
 * The blocks nobody has. They are handed out side by side where that can be: the model then reads a sequence's keys and values
 * in place instead of copying them together. Guarded by the pool.
 */
final class FreeBlocks {
    private final BitSet free;
    private int count;

    /** All of {@code blocks} are free. */
    FreeBlocks(int blocks) {
        free = new BitSet(blocks);
        free.set(0, blocks);
        count = blocks;
    }

    int count() {
        return count;
    }

    boolean contains(int block) {
        return free.get(block);
    }

    void add(int block) {
        free.set(block);
        count++;
    }

    /**
     * Takes blocks: those right behind {@code after} if they are free, else the first run that is long enough, else the first
     * ones there are, in ascending order.
     *
     * @param after the last block that the sequence has, -1 for none
     * @param wanted at most {@link #count}
     */
    int[] take(int wanted, int after) {
        int start = after >= 0 && runLength(after + 1, wanted) == wanted ? after + 1 : firstRun(wanted);
        int[] taken = new int[wanted];
        int next = start < 0 ? 0 : start;
        for (int i = 0; i < wanted; i++) {
            next = free.nextSetBit(next);
            taken[i] = next;
            free.clear(next);
        }
        count -= wanted;
        return taken;
    }

    /** Where the first run of so many begins; -1 if there is none. */
    private int firstRun(int wanted) {
        int start = free.nextSetBit(0);
        while (start >= 0) {
            int end = free.nextClearBit(start);
            if (end - start >= wanted) {
                return start;
            }
            start = free.nextSetBit(end);
        }
        return -1;
    }

    private int runLength(int start, int limit) {
        return free.get(start) ? Math.min(limit, free.nextClearBit(start) - start) : 0;
    }
}
