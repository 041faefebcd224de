package dev.kvern.runner.tier;

import dev.kvern.cluster.MapVersion;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * What all calls of a client share.
 *
 * @param silent owners that have kept nodes waiting
 * @param nanoTime the clock of deadlines
 * @param fetched buffers for what arrives
 * @param sent buffers for what is stored, on the heap: the transport takes arrays fastest
 */
record TierAccess(
        NodeSet nodes,
        KnownOwners owners,
        SilentOwners silent,
        TierOptions options,
        LongSupplier nanoTime,
        TierCounters counters,
        ChunkBuffers fetched,
        ChunkBuffers sent) {
    /** Version of the map that calls go by now; empty if no map could be used, because it would name nobody known here. */
    Optional<MapVersion> mapVersion() {
        return nodes.haveIds() ? Optional.of(owners.map().version()) : Optional.empty();
    }

    /** @param atFault whether it is the node that failed, and not one that it needs */
    void failed(TierNode node, boolean atFault) {
        counters.nodeFailed();
        if (atFault) {
            node.breaker().failed();
        } else {
            node.breaker().succeeded();
        }
    }
}
