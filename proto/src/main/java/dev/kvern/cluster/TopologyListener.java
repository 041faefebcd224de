package dev.kvern.cluster;

import dev.kvern.v1.WatchTopologyResponse;

/** Hears what a coordinator says of the cluster's members. */
@FunctionalInterface
public interface TopologyListener {
    /** A snapshot; one without a partition map leaves the map before as it was. */
    void snapshot(WatchTopologyResponse snapshot);

    /** The coordinator is not heard any more; the next snapshot is the first of a new stream. */
    default void lost() {}
}
