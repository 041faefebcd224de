package dev.kvern.runner.kv;

/** Opens the pool's own checks to the tests of those who use it. */
public final class PoolInvariants {
    private PoolInvariants() {}

    /** @throws IllegalStateException if a count contradicts another, or a block is in two states */
    public static void check(BlockPool pool) {
        pool.checkInvariants();
    }
}
