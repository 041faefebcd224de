package dev.kvern.cluster;

import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.WatchTopologyRequest;
import dev.kvern.v1.WatchTopologyResponse;
import io.grpc.ManagedChannel;
import io.grpc.stub.StreamObserver;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows the cluster's members, and which node owns which block, as one coordinator sees them; comes back when it was away. Safe for use by several threads.
 */
public final class TopologyWatch implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(TopologyWatch.class);

    private final ManagedChannel channel;
    private final MemberRole role;
    private final TopologyListener listener;
    private final ScheduledExecutorService scheduler;
    private final Backoff backoff = new Backoff();
    private volatile boolean closed;

    /**
     * @param coordinatorTarget host:port of the coordinator
     * @param cluster which the caller is of
     * @param role which members are wanted
     * @param listener hears every snapshot, one at a time, and the end of each stream
     * @param scheduler runs the reconnects; not closed here
     */
    public TopologyWatch(
            String coordinatorTarget,
            ClusterId cluster,
            MemberRole role,
            TopologyListener listener,
            ScheduledExecutorService scheduler) {
        this.channel = CoordinatorChannels.open(coordinatorTarget, cluster);
        this.role = role;
        this.listener = listener;
        this.scheduler = scheduler;
    }

    /** Begins to watch; returns at once. */
    public void start() {
        if (!closed) {
            // Our own backoff is short; the channel's would grow to minutes while the coordinator is away.
            channel.resetConnectBackoff();
            ClusterServiceGrpc.newStub(channel)
                    .watchTopology(
                            WatchTopologyRequest.newBuilder().setRole(role).build(), new Watcher());
        }
    }

    private void again() {
        if (!closed && !scheduler.isShutdown()) {
            scheduler.schedule(this::start, backoff.next(), TimeUnit.MILLISECONDS);
        }
    }

    @Override
    public void close() {
        closed = true;
        channel.shutdownNow();
    }

    private final class Watcher implements StreamObserver<WatchTopologyResponse> {
        @Override
        public void onNext(WatchTopologyResponse response) {
            listener.snapshot(response);
            backoff.reset();
        }

        @Override
        public void onError(Throwable t) {
            log.debug("topology watch ended: {}", t.getMessage());
            ended();
        }

        @Override
        public void onCompleted() {
            ended();
        }

        private void ended() {
            listener.lost();
            again();
        }
    }
}
