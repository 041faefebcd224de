package dev.kvern.runner.engine;

/**
 * How large a step may be, learned from those that found no memory: half of what failed, and twice as much again after a while
 * without failures, since who took the memory may have given it back. Confined to the engine's thread.
 */
final class StepLimit {
    /** Steps at the limit that must succeed before a larger one is tried: a try that fails costs about a step. */
    static final int STEPS_BEFORE_GROWTH = 100;

    private int most = Integer.MAX_VALUE;
    private int smallestFailed = Integer.MAX_VALUE;
    private int succeeded;

    /** How much of {@code wanted} to do in one step, at least 1. */
    int of(int wanted) {
        return Math.min(wanted, most);
    }

    /** A step of that size, at least 1, found no memory; true if no smaller one, and not this one, has failed before. */
    boolean failed(int size) {
        most = Math.max(1, size / 2);
        succeeded = 0;
        boolean first = size < smallestFailed;
        smallestFailed = Math.min(smallestFailed, size);
        return first;
    }

    /** A step of that size was done. */
    void succeeded(int size) {
        if (size == most && ++succeeded == STEPS_BEFORE_GROWTH) {
            most = size > Integer.MAX_VALUE / 2 ? Integer.MAX_VALUE : 2 * size;
            succeeded = 0;
        }
    }
}
