package dev.kvern.cluster;

import dev.kvern.v1.PartitionMapVersion;
import java.util.Comparator;

/**
 * Orders partition maps: by the cluster's life, then by topology, then by moves within it.
 *
 * @param clusterStartedAtMillis since the epoch, by the clock of the cluster's first node
 */
public record MapVersion(long clusterStartedAtMillis, long topology, int minor) implements Comparable<MapVersion> {
    /** Older than every map's. */
    public static final MapVersion NONE = new MapVersion(0, 0, 0);

    private static final Comparator<MapVersion> ORDER = Comparator.comparingLong(MapVersion::clusterStartedAtMillis)
            .thenComparing(MapVersion::topology, Long::compareUnsigned)
            .thenComparing(MapVersion::minor, Integer::compareUnsigned);

    public static MapVersion of(PartitionMapVersion message) {
        return new MapVersion(
                message.getClusterStartedAtMillis(), message.getTopologyVersion(), message.getMinorVersion());
    }

    public PartitionMapVersion toMessage() {
        return PartitionMapVersion.newBuilder()
                .setClusterStartedAtMillis(clusterStartedAtMillis)
                .setTopologyVersion(topology)
                .setMinorVersion(minor)
                .build();
    }

    public boolean isAfter(MapVersion other) {
        return compareTo(other) > 0;
    }

    @Override
    public int compareTo(MapVersion other) {
        return ORDER.compare(this, other);
    }
}
