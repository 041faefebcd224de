package dev.kvern.runner.tier;

import dev.kvern.cluster.OwnerMap;
import dev.kvern.v1.PartitionMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The newest partition map that anyone has told this process. Safe for use by several threads. */
final class KnownOwners {
    private static final Logger log = LoggerFactory.getLogger(KnownOwners.class);

    private volatile OwnerMap map = OwnerMap.NONE;

    OwnerMap map() {
        return map;
    }

    /** Takes a map over if it is newer. One that contradicts itself is left: without it calls take a detour. */
    synchronized void learn(PartitionMap told) {
        try {
            OwnerMap heard = OwnerMap.of(told);
            if (heard.version().isAfter(map.version())) {
                map = heard;
            }
        } catch (IllegalArgumentException e) {
            log.warn("a partition map that came is not used: {}", e.getMessage());
        }
    }
}
