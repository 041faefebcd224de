package dev.kvern.runner.kv;

import java.util.BitSet;

/**
 * The blocks nobody has. They are handed out side by side where that can be: the model then reads a sequence's keys and values
 * in place instead of copying them together. New sequences begin in the middle of the longest run while that is long, so that
 * each finds the blocks behind its own free when it grows. Guarded by the pool.
 */
final class FreeBlocks {
    /** A run is split in the middle if each half has room for the blocks wanted and so many more. */
    private static final int GROWTH = 4;

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
     * Takes blocks: those right behind {@code after} if they are free, else a run that is long enough, else the first ones there
     * are, in ascending order.
     *
     * @param after the last block that the sequence has, -1 for none
     * @param wanted at most {@link #count}
     */
    int[] take(int wanted, int after) {
        int start = after >= 0 && runLength(after + 1, wanted) == wanted ? after + 1 : aRun(wanted);
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

    /** Where a run of so many begins; -1 if there is none. */
    private int aRun(int wanted) {
        int first = -1;
        int longest = 0;
        int longestStart = -1;
        int start = free.nextSetBit(0);
        while (start >= 0) {
            int end = free.nextClearBit(start);
            if (first < 0 && end - start >= wanted) {
                first = start;
            }
            if (end - start > longest) {
                longest = end - start;
                longestStart = start;
            }
            start = free.nextSetBit(end);
        }
        return longest / 2 >= wanted + GROWTH ? longestStart + longest / 2 : first;
    }

    private int runLength(int start, int limit) {
        return free.get(start) ? Math.min(limit, free.nextClearBit(start) - start) : 0;
    }
}
