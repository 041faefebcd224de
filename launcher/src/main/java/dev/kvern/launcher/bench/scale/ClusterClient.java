package dev.kvern.launcher.bench.scale;

import dev.kvern.cluster.ClusterId;
import dev.kvern.cluster.TopologyWatch;
import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.TopologyFollower;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.WatchTopologyResponse;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * The runner's client to the cache tier, told by a coordinator which nodes there are and what they own, as a runner is. Safe for
 * use by several threads.
 */
final class ClusterClient implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final long POLL_MILLIS = 20;

    private final BlockStoreClient client;
    private final ScheduledExecutorService scheduler =
            Executors.newSingleThreadScheduledExecutor(ProcessNames.daemonThreads("kvern-bench-topology"));
    private final TopologyWatch watch;
    private volatile int owners;

    /** @param client closed with this */
    ClusterClient(BlockStoreClient client, String coordinator) {
        this.client = client;
        var follower = new TopologyFollower(client);
        this.watch = new TopologyWatch(
                coordinator,
                ClusterId.NONE,
                MemberRole.MEMBER_ROLE_NODE,
                snapshot -> {
                    follower.accept(snapshot);
                    owners = owners(snapshot);
                },
                scheduler);
        watch.start();
    }

    private int owners(WatchTopologyResponse snapshot) {
        return snapshot.hasPartitionMap() ? snapshot.getPartitionMap().getNodeIdsCount() : owners;
    }

    BlockStoreClient tier() {
        return client;
    }

    /** Waits until blocks are known to be spread over so many nodes. */
    ClusterClient awaitOwners(int nodes) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (owners != nodes) {
            if (System.nanoTime() - deadline > 0) {
                throw new KvernException(
                        ErrorReason.UNAVAILABLE,
                        "the partition map names " + owners + " nodes (expected: " + nodes + ")");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
        return this;
    }

    @Override
    public void close() {
        watch.close();
        scheduler.shutdownNow();
        client.close();
    }
}
