package dev.kvern.node.grpc;

import dev.kvern.block.BlockKey;
import dev.kvern.cluster.OwnerMap;
import dev.kvern.node.store.BlockOwners;

/** A map that a test sets; the service it stands beside is that of the first node in it. Safe for use by several threads. */
final class SetOwners implements BlockOwners {
    static final String HERE = "node-t";

    volatile OwnerMap map = OwnerMap.NONE;

    @Override
    public OwnerMap map() {
        return map;
    }

    @Override
    public boolean isForeign(BlockKey key) {
        return map.isKnown() && !map.owners(key).get(0).equals(HERE);
    }

    @Override
    public boolean isHeldHere(BlockKey key) {
        return map.owners(key).contains(HERE);
    }
}
