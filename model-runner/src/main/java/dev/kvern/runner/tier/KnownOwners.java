package dev.kvern.runner.tier;

import dev.kvern.cluster.OwnerMap;
import dev.kvern.v1.PartitionMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The partition map that calls go by: the newest of the cluster that the coordinator named last. Safe for use by several threads;
 * changes are guarded by this.
 */
final class KnownOwners {
    private static final Logger log = LoggerFactory.getLogger(KnownOwners.class);

    private volatile OwnerMap map = OwnerMap.NONE;

    OwnerMap map() {
        return map;
    }

    /** Takes over a map of the coordinator's, unless a node has told a newer one of the same cluster. */
    void follow(PartitionMap told) {
        takeOver(told, true);
    }

    /**
     * Takes over a map that came with a node's answer, if it is newer. One of another cluster waits for the coordinator to say that
     * this is the one: the node may be alone in it.
     */
    void learn(PartitionMap told) {
        takeOver(told, false);
    }

    private synchronized void takeOver(PartitionMap told, boolean ofAnyCluster) {
        OwnerMap heard;
        try {
            heard = OwnerMap.of(told);
        } catch (IllegalArgumentException e) {
            // Without it calls take a detour.
            log.warn("a partition map that came is not used: {}", e.getMessage());
            return;
        }
        boolean sameCluster =
                heard.version().clusterStartedAtMillis() == map.version().clusterStartedAtMillis();
        if (sameCluster ? heard.version().isAfter(map.version()) : ofAnyCluster || !map.isKnown()) {
            map = heard;
        }
    }
}
