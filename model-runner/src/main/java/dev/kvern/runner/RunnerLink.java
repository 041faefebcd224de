package dev.kvern.runner;

import dev.kvern.cluster.ClusterId;
import dev.kvern.cluster.CoordinatorChannels;
import dev.kvern.cluster.CoordinatorLink;
import dev.kvern.cluster.Membership;
import dev.kvern.cluster.TopologyListener;
import dev.kvern.cluster.TopologyWatch;
import dev.kvern.runner.events.KvEventPublisher;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.function.Consumer;

/**
 * What a runner has with one coordinator: heartbeats, what its pool holds, and which cache nodes there are and what they own. Safe
 * for use by several threads.
 */
final class RunnerLink implements CoordinatorLink {
    private final TopologyWatch nodes;
    private final KvEventPublisher events;
    private final Membership membership;

    /**
     * @param address HOST:PORT of the coordinator
     * @param cluster which the runner is of
     * @param load fills in the load of each heartbeat
     * @param topology hears of the cache nodes
     * @param scheduler runs the calls; not closed here
     */
    RunnerLink(
            String address,
            ClusterId cluster,
            Member self,
            Consumer<HeartbeatRequest.Builder> load,
            BlockPool pool,
            TopologyListener topology,
            ScheduledExecutorService scheduler) {
        this.nodes = new TopologyWatch(address, cluster, MemberRole.MEMBER_ROLE_NODE, topology, scheduler);
        this.events = new KvEventPublisher(CoordinatorChannels.open(address, cluster), self.getId(), pool, scheduler);
        this.membership = new Membership(address, cluster, self, load, scheduler);
    }

    @Override
    public void start() {
        nodes.start();
        events.start();
        membership.start();
    }

    @Override
    public boolean isInContact() {
        return membership.isInContact();
    }

    @Override
    public CompletableFuture<Void> draining() {
        return membership.draining();
    }

    @Override
    public void close() {
        // First: what the coordinator is still told of the pool is no news of a member.
        membership.close();
        events.close();
        nodes.close();
    }
}
