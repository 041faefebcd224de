package dev.kvern.node.store;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.MapVersion;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.v1.PartitionMap;
import java.util.Optional;

/** Who owns which block, as this node knows it now. Cheap enough to be asked for each block. Safe for use by several threads. */
public interface BlockOwners {
    /** The map now. */
    OwnerMap map();

    /** Whether another node is a block's primary owner. */
    boolean isForeign(BlockKey key);

    /** Whether this node has a copy of a block, or is about to get one, if it is stored at all. */
    boolean isHeldHere(BlockKey key);

    /** The map, if it is newer than the one by which a caller chose this node; empty too for a caller that wants none. */
    default Optional<PartitionMap> newerThan(Optional<MapVersion> used) {
        OwnerMap now = map();
        return used.filter(now.version()::isAfter).map(version -> now.message());
    }
}
