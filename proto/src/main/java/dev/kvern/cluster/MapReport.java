package dev.kvern.cluster;

import dev.kvern.v1.PartitionMap;
import java.util.Optional;
import java.util.function.Supplier;

/** A node's partition map as its coordinator should hear it: when it changes, not with every heartbeat. Safe for use by several threads. */
final class MapReport {
    private final Supplier<OwnerMap> current;
    private volatile MapVersion accepted = MapVersion.NONE;

    MapReport(Supplier<OwnerMap> current) {
        this.current = current;
    }

    /** The map, if the coordinator has not accepted it from this member. */
    Optional<PartitionMap> untold() {
        OwnerMap map = current.get();
        return map.isKnown() && !map.version().equals(accepted) ? Optional.of(map.message()) : Optional.empty();
    }

    /** The coordinator has what was sent. */
    void accepted(Optional<PartitionMap> sent) {
        sent.ifPresent(map -> accepted = MapVersion.of(map.getVersion()));
    }

    /** The coordinator has forgotten this member, or is a new one. */
    void forgotten() {
        accepted = MapVersion.NONE;
    }
}
