package dev.kvern.cluster;

import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.DeregisterRequest;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.HeartbeatResponse;
import dev.kvern.v1.Member;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.RegisterRequest;
import dev.kvern.v1.RegisterResponse;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.StreamObserver;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process's membership at one coordinator: registers it with the coordinator, says that it lives and what it knows of the partitions, registers again when the coordinator has
 * forgotten it, leaves on close. A coordinator that is away costs log lines, nothing else. One call is under way at a time;
 * safe for use by several threads.
 */
public final class Membership implements CoordinatorLink {
    private static final Logger log = LoggerFactory.getLogger(Membership.class);
    private static final Limits LIMITS = new Limits(2_000, 1_000);

    private final String coordinatorTarget;
    private final ManagedChannel channel;
    private final Member self;
    private final Consumer<HeartbeatRequest.Builder> load;
    private final MapReport map;
    private final ScheduledExecutorService scheduler;
    private final Limits limits;
    private final Backoff backoff = new Backoff();
    private volatile boolean registered;

    /** Whether the coordinator may know this member, even if it has not said so. */
    private volatile boolean registering;

    /** Whether that has been logged. */
    private volatile boolean refused;

    private volatile boolean inContact;
    private volatile boolean draining;
    private volatile boolean closed;
    private volatile long heartbeatMillis = 1_000;

    /**
     * How long the coordinator is waited for.
     *
     * @param callMillis for the answer to one call
     * @param leaveMillis for the answers to all that is said on leaving
     */
    record Limits(long callMillis, long leaveMillis) {}

    /**
     * A member that knows of no partition map.
     *
     * @param coordinatorTarget host:port of the coordinator
     * @param cluster which the member is of; a coordinator of another one refuses it
     * @param load fills in the load of each heartbeat
     * @param scheduler runs the calls; not closed here
     */
    public Membership(
            String coordinatorTarget,
            ClusterId cluster,
            Member self,
            Consumer<HeartbeatRequest.Builder> load,
            ScheduledExecutorService scheduler) {
        this(coordinatorTarget, cluster, self, load, () -> OwnerMap.NONE, scheduler);
    }

    /**
     * @param coordinatorTarget host:port of the coordinator
     * @param cluster which the member is of; a coordinator of another one refuses it
     * @param load fills in the load of each heartbeat
     * @param map the newest that is known; told when it changes
     * @param scheduler runs the calls; not closed here
     */
    public Membership(
            String coordinatorTarget,
            ClusterId cluster,
            Member self,
            Consumer<HeartbeatRequest.Builder> load,
            Supplier<OwnerMap> map,
            ScheduledExecutorService scheduler) {
        this(coordinatorTarget, cluster, self, load, map, scheduler, LIMITS);
    }

    /** The same with limits of its own. */
    Membership(
            String coordinatorTarget,
            ClusterId cluster,
            Member self,
            Consumer<HeartbeatRequest.Builder> load,
            Supplier<OwnerMap> map,
            ScheduledExecutorService scheduler,
            Limits limits) {
        this.coordinatorTarget = coordinatorTarget;
        this.channel = CoordinatorChannels.open(coordinatorTarget, cluster);
        this.self = self;
        this.load = load;
        this.map = new MapReport(map);
        this.scheduler = scheduler;
        this.limits = limits;
    }

    /** Begins to join; returns at once. */
    @Override
    public void start() {
        schedule(0);
    }

    /** Whether the coordinator knows this member. */
    public boolean isRegistered() {
        return registered;
    }

    @Override
    public boolean isInContact() {
        return inContact;
    }

    @Override
    public CompletableFuture<Void> draining() {
        draining = true;
        var heard = new CompletableFuture<Void>();
        if (closed || scheduler.isShutdown()) {
            heard.complete(null);
        } else {
            // Not in the place of the next turn, which is planned already.
            scheduler.execute(() -> sayDraining(heard));
        }
        return heard;
    }

    private void sayDraining(CompletableFuture<Void> heard) {
        if (closed || !registered) {
            heard.complete(null);
            return;
        }
        try {
            stub().heartbeat(heartbeat(true), new SaidOnce(heard));
        } catch (RuntimeException e) {
            log.debug("the next heartbeat will say that no new work is wanted: {}", e.toString());
            heard.complete(null);
        }
    }

    private void schedule(long delayMillis) {
        if (!closed && !scheduler.isShutdown()) {
            scheduler.schedule(this::turn, delayMillis, TimeUnit.MILLISECONDS);
        }
    }

    private void turn() {
        if (closed) {
            return;
        }
        // Our own backoff is short; the channel's would grow to minutes while the coordinator is away.
        channel.resetConnectBackoff();
        HeartbeatRequest heartbeat;
        Optional<PartitionMap> untold;
        try {
            heartbeat = heartbeat(draining);
            untold = map.untold();
        } catch (RuntimeException e) {
            // Without another turn this member would be down for ever, alive as it is.
            failed("reading the load for a heartbeat", e);
            return;
        }
        if (registered) {
            var request = heartbeat.toBuilder();
            untold.ifPresent(request::setPartitionMap);
            stub().heartbeat(request.build(), new Heard(untold));
        } else {
            var request = RegisterRequest.newBuilder().setMember(self);
            untold.ifPresent(request::setPartitionMap);
            registering = true;
            stub().register(request.build(), new Joined(untold));
        }
    }

    private HeartbeatRequest heartbeat(boolean leaving) {
        var heartbeat = HeartbeatRequest.newBuilder().setMemberId(self.getId()).setDraining(leaving);
        load.accept(heartbeat);
        return heartbeat.build();
    }

    private ClusterServiceGrpc.ClusterServiceStub stub() {
        return ClusterServiceGrpc.newStub(channel).withDeadlineAfter(limits.callMillis(), TimeUnit.MILLISECONDS);
    }

    /** Once, until it is taken again. */
    private void sayRefused(Throwable t) {
        if (!refused) {
            refused = true;
            log.warn("the coordinator at {} refuses this member: {}", coordinatorTarget, t.getMessage());
        }
    }

    private void failed(String what, Throwable t) {
        inContact = false;
        long wait = backoff.next();
        if (!closed) {
            log.debug(
                    "{} with the coordinator at {} failed, again in {} ms: {}",
                    what,
                    coordinatorTarget,
                    wait,
                    t.getMessage());
        }
        schedule(wait);
    }

    /** Leaves with a last heartbeat, so that no total is lost, waiting at most a second for the coordinator to hear it. */
    @Override
    public void close() {
        closed = true;
        if (registered || registering) {
            var stub = ClusterServiceGrpc.newBlockingStub(channel)
                    .withDeadlineAfter(limits.leaveMillis(), TimeUnit.MILLISECONDS);
            try {
                if (registered) {
                    stub.heartbeat(heartbeat(true));
                }
            } catch (RuntimeException e) {
                log.debug("left without a last heartbeat: {}", e.getMessage());
            }
            try {
                stub.deregister(
                        DeregisterRequest.newBuilder().setMemberId(self.getId()).build());
            } catch (StatusRuntimeException e) {
                log.debug("left without telling the coordinator: {}", e.getMessage());
            }
        }
        channel.shutdownNow();
    }

    /** The answer to what is said again with the next heartbeat. */
    private record SaidOnce(CompletableFuture<Void> heard) implements StreamObserver<HeartbeatResponse> {
        @Override
        public void onNext(HeartbeatResponse response) {}

        @Override
        public void onError(Throwable t) {
            log.debug("a heartbeat of its own has failed: {}", t.getMessage());
            heard.complete(null);
        }

        @Override
        public void onCompleted() {
            heard.complete(null);
        }
    }

    private final class Joined implements StreamObserver<RegisterResponse> {
        private final Optional<PartitionMap> told;

        Joined(Optional<PartitionMap> told) {
            this.told = told;
        }

        @Override
        public void onNext(RegisterResponse response) {
            map.accepted(told);
            heartbeatMillis = Math.max(50, response.getHeartbeatIntervalMillis());
            registered = true;
            refused = false;
            log.info("joined the cluster as {} at {}", self.getId(), coordinatorTarget);
        }

        @Override
        public void onError(Throwable t) {
            // Who has not answered in time may have taken it all the same.
            Status.Code code = Status.fromThrowable(t).getCode();
            registering = code == Status.Code.DEADLINE_EXCEEDED;
            if (code == Status.Code.FAILED_PRECONDITION) {
                sayRefused(t);
            }
            failed("joining", t);
        }

        @Override
        public void onCompleted() {
            inContact = true;
            backoff.reset();
            schedule(0);
        }
    }

    private final class Heard implements StreamObserver<HeartbeatResponse> {
        private final Optional<PartitionMap> told;

        Heard(Optional<PartitionMap> told) {
            this.told = told;
        }

        @Override
        public void onNext(HeartbeatResponse response) {
            map.accepted(told);
        }

        @Override
        public void onError(Throwable t) {
            switch (Status.fromThrowable(t).getCode()) {
                case NOT_FOUND -> {
                    registered = false;
                    map.forgotten();
                    schedule(0);
                }
                case FAILED_PRECONDITION -> {
                    // One of another cluster is where ours was: it knows nothing of this member.
                    sayRefused(t);
                    registered = false;
                    registering = false;
                    map.forgotten();
                    failed("heartbeat", t);
                }
                default -> failed("heartbeat", t);
            }
        }

        @Override
        public void onCompleted() {
            inContact = true;
            backoff.reset();
            schedule(heartbeatMillis);
        }
    }
}
