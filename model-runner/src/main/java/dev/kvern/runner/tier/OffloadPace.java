package dev.kvern.runner.tier;

import java.util.concurrent.TimeUnit;

/**
 * Keeps storing to a share of the time while answers are generated. Where both use the same cores and memory a token takes up to
 * three times as long while chunks are sent, so pauses in proportion bound what that costs an answer on the whole, and small batches
 * what it costs a single token. Immutable.
 *
 * @param sharePercent 1 to 100
 */
record OffloadPace(int sharePercent) {
    /** Most chunks sent in one go beside an answer, unless storing need not mind. */
    private static final int SMALL_BATCH = 4;

    /** A node that is slow, rather than a machine that is busy, is no reason to wait for long. */
    private static final long MAX_PAUSE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final int ALL = 100;

    OffloadPace {
        if (sharePercent < 1 || sharePercent > ALL) {
            throw new IllegalArgumentException("offload share " + sharePercent + " (expected: 1 to 100 percent)");
        }
    }

    /** Most chunks of the next batch, if one could be as large as {@code batchChunks}. */
    int batchChunks(int batchChunks, boolean decoding) {
        return decoding && sharePercent < ALL ? Math.min(SMALL_BATCH, batchChunks) : batchChunks;
    }

    /** How long to wait after sending has taken so long. */
    long pauseNanos(long sendingNanos) {
        return Math.min(MAX_PAUSE_NANOS, sendingNanos / sharePercent * (ALL - sharePercent));
    }
}
