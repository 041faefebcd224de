package dev.kvern.launcher.bench.soak;

import dev.kvern.runner.model.ModelConfig;
import java.nio.file.Path;

/**
 * How long a soak is, and with what.
 *
 * @param requests how many
 * @param seed of the requests
 */
record SoakSettings(Path model, ModelConfig config, int requests, long seed) {
    static final int CHUNK_TOKENS = 64;

    /** Of a runner's pool: several requests fit, those that are under way at a time do not. */
    static final int POOL_TOKENS = 2_048;

    static final int MAX_RUNNING = 8;
    static final int QUEUE = 8;

    /** What two runners serve at once and have in their queues, less a few: it happens that one is full. */
    static final int IN_FLIGHT = 24;

    /** Chunks that the tiers beside the pool hold: fewer than the prompts asked for have. */
    private static final int HOST_CHUNKS = 48;

    private static final int STAGED_CHUNKS = 24;
    private static final int NODE_CHUNKS = 160;

    private static final int CHECKPOINTS = 25;

    /** Fewer would be over before the runners are full. */
    private static final int LEAST_BETWEEN_CHECKPOINTS = 100;

    /** From so many requests on a run is long enough for caches, pools and compilers to be done with growing. */
    private static final int LONG = 5_000;

    /** How many times as much a short run may grow. */
    private static final int WARM_UP_ALLOWANCE = 6;

    int requestsBetweenCheckpoints() {
        return Math.max(LEAST_BETWEEN_CHECKPOINTS, requests / CHECKPOINTS);
    }

    /** Most growth of a judged figure in its unit. */
    double mostGrowth(Figure figure) {
        return figure.mostGrowth() * (requests < LONG ? WARM_UP_ALLOWANCE : 1);
    }

    long poolBytes() {
        return POOL_TOKENS * kvBytesPerToken();
    }

    long hostBytes() {
        return HOST_CHUNKS * chunkBytes();
    }

    long stagingBytes() {
        return STAGED_CHUNKS * chunkBytes();
    }

    /** A node's memory, at least what a node needs. */
    long regionBytes() {
        return Math.max(64L << 20, NODE_CHUNKS * chunkBytes());
    }

    long chunkBytes() {
        return CHUNK_TOKENS * kvBytesPerToken();
    }

    /** In fp32, which the runners compute in. */
    private long kvBytesPerToken() {
        return (long) config.kvValuesPerToken() * Float.BYTES;
    }
}
