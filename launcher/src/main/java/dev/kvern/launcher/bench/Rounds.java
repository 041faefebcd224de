package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;

/** How often a benchmark measures. Stateless. */
public final class Rounds {
    /** At most, with {@code --quick}. */
    public static final int QUICK = 2;

    private static final int MAX = 1000;

    private Rounds() {}

    /**
     * What {@code --rounds} comes to.
     *
     * @throws UsageException if it is not a number of rounds
     */
    public static int of(int asked, boolean quick) {
        if (asked < 1 || asked > MAX) {
            throw new UsageException("--rounds: " + asked + " (expected: 1 to " + MAX + ")");
        }
        return quick ? Math.min(asked, QUICK) : asked;
    }
}
