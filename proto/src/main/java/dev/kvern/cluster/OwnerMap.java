package dev.kvern.cluster;

import dev.kvern.block.BlockKey;
import dev.kvern.v1.PartitionMap;
import java.util.List;
import java.util.stream.IntStream;

/** Which nodes hold which block, at one moment. Immutable. */
public final class OwnerMap {
    /** Names nobody; older than any other. */
    public static final OwnerMap NONE = new OwnerMap(PartitionMap.getDefaultInstance(), MapVersion.NONE, List.of());

    /** Most partitions that a map can have. */
    public static final int MAX_PARTITIONS = 65_536;

    private final PartitionMap message;
    private final MapVersion version;

    /** By partition: ids of its nodes, the primary owner first. */
    private final List<List<String>> owners;

    private OwnerMap(PartitionMap message, MapVersion version, List<List<String>> owners) {
        this.message = message;
        this.version = version;
        this.owners = owners;
    }

    /**
     * Reads a map that another process sent.
     *
     * @throws IllegalArgumentException if it contradicts itself
     */
    public static OwnerMap of(PartitionMap message) {
        int partitions = message.getPartitions();
        if (partitions < 1 || partitions > MAX_PARTITIONS) {
            throw new IllegalArgumentException(
                    "partitions: " + Integer.toUnsignedString(partitions) + " (expected: 1 to " + MAX_PARTITIONS + ")");
        }
        if (message.getOwnersCount() % partitions != 0) {
            throw new IllegalArgumentException("owners: " + message.getOwnersCount()
                    + " (expected: equally many for each of " + partitions + " partitions)");
        }
        int copies = message.getOwnersCount() / partitions;
        List<List<String>> owners = IntStream.range(0, partitions)
                .mapToObj(partition -> IntStream.range(partition * copies, (partition + 1) * copies)
                        .map(message::getOwners)
                        .filter(place -> place != 0)
                        .mapToObj(place -> nodeId(message, place))
                        .toList())
                .toList();
        return new OwnerMap(message, MapVersion.of(message.getVersion()), owners);
    }

    private static String nodeId(PartitionMap message, int place) {
        if (place < 0 || place > message.getNodeIdsCount()) {
            throw new IllegalArgumentException("owners: place " + Integer.toUnsignedString(place) + " (expected: 0 to "
                    + message.getNodeIdsCount() + ", the number of node_ids)");
        }
        return message.getNodeIds(place - 1);
    }

    public MapVersion version() {
        return version;
    }

    /** Whether this is a map at all. */
    public boolean isKnown() {
        return !owners.isEmpty();
    }

    /** Member ids of the nodes that hold a block, the primary owner first; empty if nobody is known to. */
    public List<String> owners(BlockKey key) {
        return owners.isEmpty() ? List.of() : owners.get(KeyPartition.of(key, owners.size()));
    }

    /** The form in which it is sent. */
    public PartitionMap message() {
        return message;
    }
}
