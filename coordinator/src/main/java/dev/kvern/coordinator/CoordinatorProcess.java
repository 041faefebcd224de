package dev.kvern.coordinator;

import dev.kvern.cluster.ClusterId;
import dev.kvern.coordinator.front.CallClock;
import dev.kvern.coordinator.front.FrontChannel;
import dev.kvern.coordinator.front.GenerationFrontDoor;
import dev.kvern.coordinator.front.RunnerChannels;
import dev.kvern.coordinator.http.DashboardData;
import dev.kvern.coordinator.http.DashboardRoutes;
import dev.kvern.coordinator.http.HttpRoutes;
import dev.kvern.coordinator.http.HttpServer;
import dev.kvern.coordinator.http.PlaygroundRoutes;
import dev.kvern.coordinator.http.ProbeRoutes;
import dev.kvern.coordinator.http.TraceRoutes;
import dev.kvern.coordinator.index.PrefixIndex;
import dev.kvern.coordinator.membership.ClusterGrpc;
import dev.kvern.coordinator.membership.MemberRegistry;
import dev.kvern.coordinator.membership.MembershipLimits;
import dev.kvern.coordinator.membership.Settling;
import dev.kvern.coordinator.openai.ApiKeyFile;
import dev.kvern.coordinator.openai.KeyCheck;
import dev.kvern.coordinator.openai.OpenAiRoutes;
import dev.kvern.coordinator.openai.OpenRequests;
import dev.kvern.coordinator.routing.RunnerChoice;
import dev.kvern.coordinator.routing.UnderWay;
import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.CoordinatorMetrics;
import dev.kvern.coordinator.stats.EventLog;
import dev.kvern.coordinator.stats.HotPrefixes;
import dev.kvern.coordinator.stats.MemberEvents;
import dev.kvern.coordinator.stats.NodeHistory;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.SavedWork;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.coordinator.stats.TtftHistory;
import dev.kvern.process.OpenParts;
import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.HostPort;
import dev.kvern.rpc.KvernException;
import dev.kvern.telemetry.Telemetry;
import io.grpc.BindableService;
import io.grpc.ManagedChannel;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator: membership, routing, the generation front door and the dashboard. The one place where its parts are put
 * together. Safe for use by several threads.
 */
public final class CoordinatorProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(CoordinatorProcess.class);
    private static final int GRPC_THREADS = 8;
    private static final long KEYS_LOOK_MILLIS = 1_000;
    private static final int SHOWN_MILLIS = 900_000;
    private static final int TTFT_MILLIS = 10_000;
    private static final int NODE_MILLIS = 5_000;
    private static final int MOST_EVENTS = 250;
    private static final int MOST_PREFIXES = 512;
    private static final long KEEP_ALIVE_SECONDS = 10;
    private static final int FLOW_CONTROL_WINDOW_BYTES = 1 << 20;

    private final String host;
    private final GrpcServer grpc;
    private final HttpServer http;
    private final ProbeRoutes probes;
    private final Settling settling;
    private final MemberRegistry members;
    private final ClusterGrpc cluster;
    private final GenerationFrontDoor front;
    private final OpenRequests open;
    private final FrontChannel ownCalls;
    private final CoordinatorConfig.Shutdown shutdown;

    private final OpenParts parts;

    private CoordinatorProcess(
            String host,
            GrpcServer grpc,
            HttpServer http,
            ProbeRoutes probes,
            Settling settling,
            MemberRegistry members,
            ClusterGrpc cluster,
            GenerationFrontDoor front,
            OpenRequests open,
            FrontChannel ownCalls,
            CoordinatorConfig.Shutdown shutdown,
            OpenParts parts) {
        this.host = host;
        this.grpc = grpc;
        this.http = http;
        this.probes = probes;
        this.settling = settling;
        this.members = members;
        this.cluster = cluster;
        this.front = front;
        this.open = open;
        this.ownCalls = ownCalls;
        this.shutdown = shutdown;
        this.parts = parts;
    }

    /**
     * Starts to serve.
     *
     * @throws KvernException MISCONFIGURED if a port cannot be bound
     */
    public static CoordinatorProcess start(CoordinatorConfig config) {
        var parts = new OpenParts();
        try {
            return start(config, parts);
        } catch (RuntimeException | Error e) {
            parts.close();
            throw e;
        }
    }

    private static CoordinatorProcess start(CoordinatorConfig config, OpenParts parts) {
        String host = config.listen().host();
        MembershipLimits lease = config.membership().toLimits();
        Telemetry telemetry =
                parts.opened(Telemetry.start(config.telemetry(), "coordinator", ProcessNames.memberId("coordinator")));
        var members = new MemberRegistry(lease, System::nanoTime);
        var index = new PrefixIndex(config.routing().indexBlocks());
        members.onDeparture(member -> index.clear(member.id()));
        ExecutorService calls =
                Executors.newFixedThreadPool(GRPC_THREADS, ProcessNames.daemonThreads("kvern-coordinator-grpc"));
        parts.opened(calls::shutdownNow);
        var settling = new Settling(lease, System::nanoTime, calls);
        members.onChange(settling::changed);
        var underWay = new UnderWay();
        var leases = new LeaseLook(members, settling, underWay);
        members.onChange(leases::giveUpOnLost);
        members.onHeartbeat(member -> underWay.heard(member.id()));
        members.onDeparture(member -> underWay.forgotten(member.id()));
        RunnerChannels channels = parts.opened(new RunnerChannels(target -> channel(target, telemetry)));
        members.onChange(channels::changed);

        var figures = new ClusterFigures(members, System::nanoTime, System.currentTimeMillis());
        DashboardData shown = shown(config, figures);
        warnOfOpenDashboard(config);
        members.onChange(new MemberEvents(shown.events(), members.current()));
        var metrics = new CoordinatorMetrics(figures, members, index, shown.saved());
        var choice = new RunnerChoice(members, index, underWay, config.routing().toPolicy());
        var front = new GenerationFrontDoor(
                members,
                settling,
                choice,
                channels,
                underWay,
                config.frontLimits(),
                CallClock.system(),
                telemetry,
                new RequestObservers(shown, metrics));
        var cluster = new ClusterGrpc(members, lease, settling, index, figures::stats);

        var timer = Executors.newSingleThreadScheduledExecutor(ProcessNames.daemonThreads("kvern-coordinator-timer"));
        parts.opened(timer::shutdownNow);
        leases.startOn(timer, lease.leaseMillis());
        FrontChannel ownCalls = parts.opened(FrontChannel.open(front, calls));
        var open = new OpenRequests(config.limits().maxCalls(), config.limits().callBytes());
        var openAi = new OpenAiRoutes(
                members,
                ownCalls.channel(),
                open,
                keys(config.api().keysFile(), timer),
                config.api().corsOrigins(),
                System::currentTimeMillis,
                version(),
                metrics::served);
        var probes = new ProbeRoutes(metrics, settling::isReady);
        var dashboard = parts.opened(
                new DashboardRoutes(shown, members::current, config.dashboard().password()));
        var routes = new ArrayList<HttpRoutes>(List.of(new TraceRoutes(telemetry), probes, openAi, dashboard));
        if (config.playground()) {
            routes.add(new PlaygroundRoutes(ownCalls.channel()));
        }
        routes.add(dashboard.page());
        HttpServer http = parts.opened(HttpServer.start(host, config.listen().httpPort(), routes));
        dashboard.startOn(timer);
        var ofThisCluster = new ClusterId(config.clusterId()).expectedOfCallers();
        GrpcServer grpc = parts.opened(GrpcServer.start(
                host,
                config.listen().grpcPort(),
                calls,
                List.<BindableService>of(front, () -> ServerInterceptors.intercept(cluster, ofThisCluster)),
                telemetry));
        settling.whenReady(() -> grpc.serving(settling.isReady()));
        return new CoordinatorProcess(
                host, grpc, http, probes, settling, members, cluster, front, open, ownCalls, config.shutdown(), parts);
    }

    /** @param file empty for none */
    private static KeyCheck keys(String file, ScheduledExecutorService timer) {
        if (file.isEmpty()) {
            return KeyCheck.OPEN;
        }
        ApiKeyFile keys = ApiKeyFile.open(Path.of(file));
        timer.scheduleWithFixedDelay(keys::refresh, KEYS_LOOK_MILLIS, KEYS_LOOK_MILLIS, TimeUnit.MILLISECONDS);
        return keys;
    }

    private static DashboardData shown(CoordinatorConfig config, ClusterFigures figures) {
        return new DashboardData(
                figures,
                new RequestLog(config.limits().requestLog()),
                new TokenHistory(SHOWN_MILLIS / DashboardRoutes.INTERVAL_MILLIS),
                new TtftHistory(TTFT_MILLIS, SHOWN_MILLIS / TTFT_MILLIS),
                new NodeHistory(SHOWN_MILLIS / NODE_MILLIS),
                new SavedWork(),
                new EventLog(MOST_EVENTS, System::currentTimeMillis),
                new HotPrefixes(MOST_PREFIXES),
                System::currentTimeMillis,
                version(),
                config.dashboard().promptText(),
                config.playground());
    }

    private static void warnOfOpenDashboard(CoordinatorConfig config) {
        if (config.api().keysFile().isEmpty()
                || !config.dashboard().passwordFile().isEmpty()) {
            return;
        }
        if (config.dashboard().playground()) {
            log.warn("api.keys_file is set and dashboard.password_file is not: the playground is left out");
        }
        if (config.dashboard().promptText()) {
            log.warn(
                    "api.keys_file is set and dashboard.password_file is not: the dashboard shows the first characters of prompts"
                            + " to whoever reaches port {} (dashboard.prompt_text)",
                    config.listen().httpPort());
        }
    }

    private static ManagedChannel channel(String target, Telemetry telemetry) {
        return NettyChannelBuilder.forTarget(target)
                .usePlaintext()
                .flowControlWindow(FLOW_CONTROL_WINDOW_BYTES)
                // A runner that came back elsewhere is up, while calls to where it was wait for a machine that is gone.
                .keepAliveTime(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .keepAliveTimeout(KEEP_ALIVE_SECONDS, TimeUnit.SECONDS)
                .intercept(telemetry.clientInterceptors())
                .build();
    }

    private static String version() {
        String version = CoordinatorProcess.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** The port of the gRPC server. */
    public int grpcPort() {
        return grpc.port();
    }

    /** The port of the HTTP server. */
    public int httpPort() {
        return http.port();
    }

    /** What others need to know of this process, in a line. */
    public String readyLine() {
        return "ready role=coordinator grpc=" + HostPort.of(host, grpc.port()) + " http="
                + HostPort.of(host, http.port());
    }

    /** Waits until the gRPC server has stopped. */
    public void awaitTermination() throws InterruptedException {
        grpc.awaitTermination();
    }

    /** Says that it is not ready, then takes no new calls, gives running ones their time, stops. */
    @Override
    public synchronized void close() {
        CoordinatorStop.of(new Stopping()).run(shutdown.delayMillis(), shutdown.graceMillis());
    }

    private final class Stopping implements CoordinatorStop.Steps {
        @Override
        public void unready() {
            probes.draining();
            settling.close();
            grpc.serving(false);
            http.lastAnswers();
        }

        @Override
        public void refuse(long graceMillis) {
            open.drain();
            // Their heartbeats come by calls that are new: who is not heard from now on need not be lost.
            members.keepAll();
            grpc.refuse();
            // Who watches is to go by the others from now on: this one hears of nobody any more.
            cluster.close();
            // Later than calls are cut, so that these can be told why.
            http.endConnections(graceMillis + CoordinatorStop.LAST_WORDS_MILLIS);
        }

        @Override
        public int underWay() {
            return Math.max(front.underWay(), open.underWay());
        }

        @Override
        public void cut() {
            // In the process first: what came over HTTP is told so while it can still be told.
            ownCalls.close();
            grpc.stop(0);
        }

        @Override
        public void end() {
            grpc.stop(CoordinatorStop.LAST_WORDS_MILLIS);
            parts.close();
        }
    }
}
