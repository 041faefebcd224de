package dev.kvern.cluster;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.AppenderBase;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.ClusterServiceGrpc;
import dev.kvern.v1.DeregisterRequest;
import dev.kvern.v1.DeregisterResponse;
import dev.kvern.v1.HeartbeatRequest;
import dev.kvern.v1.HeartbeatResponse;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import dev.kvern.v1.PartitionMap;
import dev.kvern.v1.RegisterRequest;
import dev.kvern.v1.RegisterResponse;
import dev.kvern.v1.WatchTopologyRequest;
import dev.kvern.v1.WatchTopologyResponse;
import io.grpc.ServerInterceptors;
import io.grpc.ServerServiceDefinition;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class MembershipTest {
    /** Also of every call: a busy machine must not make one fail. */
    private static final long LIMIT_SECONDS = 30;

    private static final Membership.Limits PATIENT =
            new Membership.Limits(TimeUnit.SECONDS.toMillis(LIMIT_SECONDS), TimeUnit.SECONDS.toMillis(LIMIT_SECONDS));

    /** A coordinator that notes what it hears and can lose its memory. */
    private static final class Coordinator extends ClusterServiceGrpc.ClusterServiceImplBase {
        final BlockingQueue<String> heard = new LinkedBlockingQueue<>();
        final AtomicInteger mapsHeard = new AtomicInteger();
        volatile boolean forgetful;
        volatile int heartbeatMillis = 50;

        @Override
        public void register(RegisterRequest request, StreamObserver<RegisterResponse> out) {
            forgetful = false;
            heard.add("register " + request.getMember().getId() + told(request.getPartitionMap()));
            out.onNext(RegisterResponse.newBuilder()
                    .setHeartbeatIntervalMillis(heartbeatMillis)
                    .setLeaseMillis(200)
                    .build());
            out.onCompleted();
        }

        @Override
        public void heartbeat(HeartbeatRequest request, StreamObserver<HeartbeatResponse> out) {
            if (forgetful) {
                out.onError(new KvernException(ErrorReason.NOT_FOUND, "member_id: unknown"));
                return;
            }
            heard.add("heartbeat " + request.getRunner().getRunningRequests() + " " + request.getDraining()
                    + told(request.getPartitionMap()));
            out.onNext(HeartbeatResponse.getDefaultInstance());
            out.onCompleted();
        }

        private String told(PartitionMap map) {
            long topology = map.getVersion().getTopologyVersion();
            if (topology == 0) {
                return "";
            }
            mapsHeard.incrementAndGet();
            return " map " + topology;
        }

        @Override
        public void deregister(DeregisterRequest request, StreamObserver<DeregisterResponse> out) {
            heard.add("deregister " + request.getMemberId());
            out.onNext(DeregisterResponse.getDefaultInstance());
            out.onCompleted();
        }

        @Override
        public void watchTopology(WatchTopologyRequest request, StreamObserver<WatchTopologyResponse> out) {
            out.onNext(WatchTopologyResponse.newBuilder()
                    .addMembers(Member.newBuilder().setId("node-1").setRole(request.getRole()))
                    .build());
            // Ends at once: the watch has to come back by itself.
            out.onCompleted();
        }
    }

    private final Coordinator coordinator = new Coordinator();
    private volatile boolean unreadable;
    private volatile OwnerMap map = OwnerMap.NONE;
    private final ScheduledExecutorService scheduler = Executors.newSingleThreadScheduledExecutor();
    private GrpcServer server = GrpcServer.start("127.0.0.1", 0, Runnable::run, List.of(coordinator));

    @AfterEach
    void stop() {
        scheduler.shutdownNow();
        server.close();
    }

    private Membership membership() {
        return new Membership(
                "127.0.0.1:" + server.port(),
                new ClusterId("this"),
                Member.newBuilder()
                        .setId("runner-1")
                        .setRole(MemberRole.MEMBER_ROLE_RUNNER)
                        .build(),
                heartbeat -> {
                    if (unreadable) {
                        throw new IllegalStateException("no load now");
                    }
                    heartbeat.getRunnerBuilder().setRunningRequests(7);
                },
                () -> map,
                scheduler,
                PATIENT);
    }

    @Test
    void whoDrainsSaysSoBeforeTheNextHeartbeatIsDue() throws Exception {
        coordinator.heartbeatMillis = 3_600_000;
        try (var membership = membership()) {
            membership.start();
            expect("register runner-1");
            expect("heartbeat 7 false");
            var heard = membership.draining();
            assertThat(heard).succeedsWithin(Duration.ofSeconds(LIMIT_SECONDS));
            expect("heartbeat 7 true");
        }
    }

    @Test
    void joinsBeatsAndLeaves() throws Exception {
        try (var membership = membership()) {
            membership.start();
            expect("register runner-1");
            expect("heartbeat 7 false");
            var heard = membership.draining();
            assertThat(heard).succeedsWithin(Duration.ofSeconds(LIMIT_SECONDS));
            expect("heartbeat 7 true");
        }
        expect("deregister runner-1");
    }

    @Test
    void tellsItsMapOncePerVersionAndAgainWhenForgotten() throws Exception {
        map = map(1);
        try (var membership = membership()) {
            membership.start();
            expect("register runner-1 map 1");
            expect("heartbeat 7 false");
            assertThat(coordinator.mapsHeard).hasValue(1);
            map = map(2);
            expect("heartbeat 7 false map 2");
            expect("heartbeat 7 false");
            coordinator.forgetful = true;
            expect("register runner-1 map 2");
            expect("heartbeat 7 false");
            assertThat(coordinator.mapsHeard).hasValue(3);
        }
    }

    private static OwnerMap map(int topology) {
        return OwnerMap.of(PartitionMap.newBuilder()
                .setVersion(new MapVersion(1, topology, 0).toMessage())
                .setPartitions(1)
                .build());
    }

    @Test
    void joinsAgainWhenForgotten() throws Exception {
        try (var membership = membership()) {
            membership.start();
            expect("register runner-1");
            coordinator.forgetful = true;
            expect("register runner-1");
            expect("heartbeat 7 false");
        }
    }

    @Test
    void goesOnAfterALoadThatCouldNotBeRead() throws Exception {
        try (var membership = membership()) {
            membership.start();
            expect("heartbeat 7 false");
            unreadable = true;
            // Some turns without a heartbeat.
            while (coordinator.heard.poll(300, TimeUnit.MILLISECONDS) != null) {}
            unreadable = false;
            expect("heartbeat 7 false");
        }
    }

    @Test
    void outlivesTheCoordinator() throws Exception {
        int port = server.port();
        try (var membership = membership()) {
            membership.start();
            expect("heartbeat 7 false");
            server.close();
            coordinator.heard.clear();
            server = GrpcServer.start("127.0.0.1", port, Runnable::run, List.of(coordinator));
            expect("heartbeat 7 false");
        }
    }

    @Test
    void aMemberThatIsRefusedLaterOnSaysSoEachTimeOnce() throws Exception {
        var said = new LinkedBlockingQueue<String>();
        var logger = (Logger) LoggerFactory.getLogger(Membership.class);
        var appender = new AppenderBase<ILoggingEvent>() {
            @Override
            protected void append(ILoggingEvent event) {
                if (event.getLevel() == Level.WARN) {
                    said.add(event.getFormattedMessage());
                }
            }
        };
        appender.start();
        logger.addAppender(appender);
        map = map(1);
        try (var membership = membership()) {
            membership.start();
            expect("heartbeat 7 false");
            for (String id : List.of("another", "third")) {
                replaceServer(ServerInterceptors.intercept(coordinator, new ClusterId(id).expectedOfCallers()));
                assertThat(said.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).contains("refuses this member", "'this'", id);
                coordinator.heard.clear();
                replaceServer(coordinator.bindService());
                expect("register runner-1 map 1");
                expect("heartbeat 7 false");
            }
            assertThat(membership.isRegistered()).isTrue();
        } finally {
            logger.detachAppender(appender);
        }
        assertThat(said).isEmpty();
    }

    /** The next server listens where this one has. */
    private void replaceServer(ServerServiceDefinition service) {
        int port = server.port();
        server.close();
        server = GrpcServer.start("127.0.0.1", port, Runnable::run, List.of(() -> service));
    }

    @Test
    void watchComesBack() throws Exception {
        var seen = new LinkedBlockingQueue<String>();
        try (var watch = new TopologyWatch(
                "127.0.0.1:" + server.port(),
                ClusterId.NONE,
                MemberRole.MEMBER_ROLE_NODE,
                snapshot -> seen.add(snapshot.getMembers(0).getId() + " "
                        + snapshot.getMembers(0).getRole()),
                scheduler)) {
            watch.start();
            assertThat(seen.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo("node-1 MEMBER_ROLE_NODE");
            assertThat(seen.poll(LIMIT_SECONDS, TimeUnit.SECONDS)).isEqualTo("node-1 MEMBER_ROLE_NODE");
        }
    }

    /** Waits for a message, passing over others. */
    private void expect(String message) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (System.nanoTime() < deadline) {
            String heard = coordinator.heard.poll(1, TimeUnit.SECONDS);
            if (message.equals(heard)) {
                return;
            }
        }
        throw new AssertionError("never heard: " + message);
    }
}
