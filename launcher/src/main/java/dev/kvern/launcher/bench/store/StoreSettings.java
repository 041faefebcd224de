package dev.kvern.launcher.bench.store;

import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What {@code bench store} does.
 *
 * @param valueBytes sizes of values, ascending
 * @param connections numbers of connections, ascending
 * @param stores what takes part
 * @param workingSetBytes payload that is written, read and removed for each case
 * @param seed of the order and of keys and payloads
 * @param redis the Redis server's program; null if Redis takes no part
 */
record StoreSettings(
        List<Integer> valueBytes,
        List<Integer> connections,
        Set<StoreKind> stores,
        int rounds,
        long workingSetBytes,
        long seed,
        @Nullable Path redis) {
    private static final int LARGEST_PART_OF_REGION = 16;
    /** Nothing is evicted, whatever the watermark and what blocks take beside their payload. */
    private static final int REGION_OF_WORKING_SETS = 4;

    StoreSettings {
        valueBytes = List.copyOf(valueBytes);
        connections = List.copyOf(connections);
        stores = Set.copyOf(stores);
    }

    int largestValueBytes() {
        return valueBytes.get(valueBytes.size() - 1);
    }

    int mostConnections() {
        return connections.get(connections.size() - 1);
    }

    /** Keys for each connection, at least one. */
    int keysPerConnection(StoreCase one) {
        return (int) Math.max(1, workingSetBytes / one.valueBytes() / one.connections());
    }

    /** Memory of the node's for blocks, and of Redis's. */
    long regionBytes() {
        return Math.max(REGION_OF_WORKING_SETS * workingSetBytes, (long) LARGEST_PART_OF_REGION * largestValueBytes());
    }
}
