package dev.kvern.launcher.bench.scale;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code bench scale} does.
 *
 * @param seed of keys, payloads and order
 * @param redis the Redis server's program; null: there is none
 */
record ScaleSettings(
        Set<Part> parts,
        Fill fill,
        Moving moving,
        Nodes nodes,
        int rounds,
        long seed,
        @Nullable Path redis) {
    enum Part {
        FILL,
        JOIN,
        NODES
    }

    ScaleSettings {
        parts = Set.copyOf(parts);
    }

    /**
     * A store that is filled.
     *
     * @param sizes blocks, ascending, each a multiple of the first
     * @param chainBlocks a divisor of the first size
     */
    record Fill(List<Integer> sizes, int blockBytes, int chainBlocks, int connections) {
        private static final long LEAST_REGION_BYTES = 256L << 20;
        private static final int ENTRY_BYTES = 1 << 10;

        Fill {
            sizes = List.copyOf(sizes);
        }

        int first() {
            return sizes.get(0);
        }

        /** Memory for so many blocks in which nothing is evicted. */
        long regionBytes(int blocks) {
            return Math.max(LEAST_REGION_BYTES, blocks * (blockBytes * 3L / 2 + ENTRY_BYTES));
        }
    }

    /**
     * Nodes that come and go while requests are served.
     *
     * @param blocks stored before
     * @param getsPerSecond a put with every {@link #GETS_PER_PUT}-th of them
     * @param quietSeconds how long it is measured while nothing moves
     */
    record Moving(int blocks, int blockBytes, long rebalanceBytesPerSecond, int getsPerSecond, int quietSeconds) {
        static final int GETS_PER_PUT = 10;
        static final int NODES = 3;
        private static final long LEAST_REGION_BYTES = 128L << 20;

        /** Memory of each node: for everything, and more than is put meanwhile. */
        long regionBytes() {
            return Math.max(LEAST_REGION_BYTES, 5L * blocks * blockBytes);
        }
    }

    /**
     * Clusters of different sizes.
     *
     * @param counts of nodes, ascending
     * @param threads that put and get, each with connections of its own
     * @param processors of each node for itself; 0: nodes and clients share all
     * @param blocks that each thread puts and gets in a round
     */
    record Nodes(List<Integer> counts, int threads, int processors, int blocks, int blockBytes) {
        private static final long LEAST_REGION_BYTES = 256L << 20;

        Nodes {
            counts = List.copyOf(counts);
        }

        int mostNodes() {
            return counts.get(counts.size() - 1);
        }

        /** Payload of one operation of each thread, with as much again to spare: of so many blocks each. */
        long operationsBytes(int blocksOfOperation) {
            return Math.max(LEAST_REGION_BYTES / 2, 2L * threads * blocksOfOperation * blockBytes);
        }

        long regionBytes() {
            return Math.max(LEAST_REGION_BYTES, 3L * threads * blocks * blockBytes);
        }
    }
}
