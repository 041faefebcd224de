package dev.kvern.runner.tier;

import dev.kvern.v1.MemberState;
import dev.kvern.v1.WatchTopologyResponse;
import java.util.function.Consumer;

/** Tells a client which cache nodes there are and what they own, as coordinators say. Immutable. */
public record TopologyFollower(BlockStoreClient client) implements Consumer<WatchTopologyResponse> {
    @Override
    public void accept(WatchTopologyResponse snapshot) {
        client.setMembers(snapshot.getMembersList().stream()
                .filter(m -> m.getState() == MemberState.MEMBER_STATE_UP)
                .map(NodeTarget::of)
                .toList());
        if (snapshot.hasPartitionMap()) {
            client.setOwners(snapshot.getPartitionMap());
        }
    }
}
