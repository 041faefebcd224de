package dev.kvern.runner;

import dev.kvern.cluster.ClusterId;
import dev.kvern.cluster.Coordinators;
import dev.kvern.cluster.TopologyUnion;
import dev.kvern.process.OpenParts;
import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.HostPort;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.chat.ChatTemplate;
import dev.kvern.runner.engine.Engine;
import dev.kvern.runner.engine.EnginePulse;
import dev.kvern.runner.events.LoadReport;
import dev.kvern.runner.events.PowerMeter;
import dev.kvern.runner.events.PowerSource;
import dev.kvern.runner.kv.BlockPool;
import dev.kvern.runner.model.KvMemory;
import dev.kvern.runner.model.ModelDirectory;
import dev.kvern.runner.model.ProgressListener;
import dev.kvern.runner.model.Transformer;
import dev.kvern.runner.model.torch.PinnedMemory;
import dev.kvern.runner.sampling.GenerationDefaults;
import dev.kvern.runner.server.GenerationGrpc;
import dev.kvern.runner.server.ServedModel;
import dev.kvern.runner.text.Tokenizer;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.CacheTier;
import dev.kvern.runner.tier.EvictionRescue;
import dev.kvern.runner.tier.FetchPlanner;
import dev.kvern.runner.tier.HostAllocator;
import dev.kvern.runner.tier.HostSlab;
import dev.kvern.runner.tier.HostStats;
import dev.kvern.runner.tier.HostTier;
import dev.kvern.runner.tier.OffloadPolicy;
import dev.kvern.runner.tier.OffloadQueue;
import dev.kvern.runner.tier.Offloader;
import dev.kvern.runner.tier.PolicyQueue;
import dev.kvern.runner.tier.TopologyFollower;
import dev.kvern.runner.tier.TracedTier;
import dev.kvern.telemetry.RequestScope;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model-runner: a model on this machine, its KV pool, the way to the cache tier, and the GenerationService. The one place
 * where its parts are put together. Safe for use by several threads.
 */
public final class RunnerProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(RunnerProcess.class);
    private static final int GRPC_THREADS = 8;

    private final String id;
    private final String address;
    private final GrpcServer server;
    private final RunnerStop stop;
    private final long graceMillis;

    private final OpenParts parts;

    private RunnerProcess(
            String id, String address, GrpcServer server, RunnerStop stop, long graceMillis, OpenParts parts) {
        this.id = id;
        this.address = address;
        this.server = server;
        this.stop = stop;
        this.graceMillis = graceMillis;
        this.parts = parts;
    }

    /**
     * Loads the model and starts to serve.
     *
     * @param progress hears how far the weights are
     * @throws KvernException MISCONFIGURED if the model cannot be loaded or the port not be bound
     */
    public static RunnerProcess start(RunnerConfig config, ProgressListener progress) {
        var parts = new OpenParts();
        try {
            return start(config, progress, parts);
        } catch (RuntimeException | Error e) {
            parts.close();
            throw e;
        }
    }

    private static RunnerProcess start(RunnerConfig config, ProgressListener progress, OpenParts parts) {
        String id = config.id().isEmpty() ? ProcessNames.memberId("runner") : config.id();
        Telemetry telemetry = parts.opened(Telemetry.start(config.telemetry(), "runner", id));
        Path path = Path.of(config.model().path());
        ModelDirectory directory = ModelDirectory.open(path);
        Tokenizer tokenizer = parts.opened(Tokenizer.load(path));
        var chat = ChatTemplate.load(path);
        GenerationDefaults defaults = GenerationDefaults.load(path);
        Transformer model = parts.opened(directory.load(config.model().loadOptions(config.kv()), progress));
        String name = config.model().name().isEmpty()
                ? String.valueOf(path.toAbsolutePath().normalize().getFileName())
                : config.model().name();
        var served = new ServedModel(name, model.spec(), tokenizer, chat, defaults);

        int blocks = PoolSize.blocks(config.kv(), config.engineOptions(), model);
        KvMemory memory = parts.opened(model.allocate(blocks));
        var pool = new BlockPool(blocks);
        var pulse = new EnginePulse();
        ScheduledExecutorService scheduler =
                Executors.newScheduledThreadPool(2, ProcessNames.daemonThreads("kvern-runner-timer"));
        parts.opened(scheduler::shutdownNow);

        HostAllocator allocator =
                config.device().cuda() ? new PinnedAllocator(PinnedMemory.open()) : HostAllocator.DIRECT;
        BlockStoreClient client = parts.opened(new BlockStoreClient(
                config.tier().tierOptions(),
                target -> GrpcChannels.open(target, telemetry.clientInterceptors()),
                System::nanoTime,
                allocator));
        client.setNodes(config.tier().nodes());
        CacheTier cluster = config.tier().enabled() ? client : CacheTier.NONE;
        HostTier hostTier = hostTier(config, allocator, cluster, memory, parts);
        CacheTier all = hostTier == null ? cluster : hostTier;
        CacheTier tier = telemetry.on() ? new TracedTier(all, telemetry) : all;
        Offloader offloader = parts.opened(
                new Offloader(tier, memory, config.offloadOptions(), System::nanoTime, pulse, pulse::wake, telemetry));
        var planner = new FetchPlanner(
                config.tier().chosenFetchPolicy(), config.kv().chunkTokens(), chunkBytes(config, memory));
        var engineDied = new CompletableFuture<Void>();
        Engine engine = parts.opened(new Engine(
                model,
                memory,
                pool,
                tier,
                config.tier().enabled()
                        ? new PolicyQueue(
                                offloader,
                                config.offload().chosen(),
                                config.offload().afterUses())
                        : OffloadQueue.NONE,
                planner,
                config.engineOptions(),
                pulse,
                System::nanoTime,
                () -> engineDied.complete(null)));
        boolean sendEvicted = config.tier().enabled() && config.offload().chosen() == OffloadPolicy.ON_EVICTION;
        var rescue = new EvictionRescue(
                memory, hostTier, sendEvicted ? offloader : null, config.kv().chunkTokens(), engine.keySpace()::labels);
        if (hostTier != null || sendEvicted) {
            pool.onEviction(config.engineOptions().chunkBlocks(), rescue);
        }

        ExecutorService calls =
                Executors.newFixedThreadPool(GRPC_THREADS, ProcessNames.daemonThreads("kvern-runner-grpc"));
        parts.opened(calls::shutdownNow);
        var seeds = new SecureRandom();
        var service = new GenerationGrpc(
                id, served, engine, pulse, config.kv().blockTokens(), System::nanoTime, seeds::nextLong, telemetry);
        GrpcServer server = parts.opened(GrpcServer.start(
                config.listen().host(), config.listen().grpcPort(), calls, List.of(service), telemetry));
        String host = config.advertiseHost().isEmpty() ? config.listen().host() : config.advertiseHost();
        String address = HostPort.of(host, server.port());
        server.serving(true);
        engineDied.thenRun(() -> server.serving(false));
        Supplier<CompletableFuture<Void>> sayDraining = () -> CompletableFuture.completedFuture(null);
        if (!config.coordinator().isEmpty()) {
            var power = new PowerMeter(PowerSource.of(config.device()), System::nanoTime);
            scheduler.scheduleWithFixedDelay(power::read, 0, PowerMeter.INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
            var self = Member.newBuilder()
                    .setId(id)
                    .setRole(MemberRole.MEMBER_ROLE_RUNNER)
                    .setAddress(address)
                    .addModels(served.describe())
                    .setDevice(config.device().toString())
                    .setStartedAtMillis(System.currentTimeMillis())
                    .build();
            var load = new LoadReport(
                    engine,
                    pool,
                    offloader::stats,
                    client.counters(),
                    () -> hostTier == null ? HostStats.NONE : hostTier.stats(),
                    rescue::droppedChunks,
                    planner::stats,
                    power::watts);
            var nodes = new TopologyUnion(new TopologyFollower(client));
            var clusterId = new ClusterId(config.clusterId());
            sayDraining = parts.opened(Coordinators.follow(
                    config.coordinator(),
                    each -> new RunnerLink(each, clusterId, self, load, pool, nodes.source(), scheduler)))::draining;
        }
        var stop = new RunnerStop(
                server,
                engine,
                offloader,
                sayDraining,
                // It was opened last.
                () -> parts.closeLastIf(Coordinators.class));
        return new RunnerProcess(id, address, server, stop, config.shutdown().graceMillis(), parts);
    }

    /** The tier in this machine's memory; null if there is none. */
    private static @Nullable HostTier hostTier(
            RunnerConfig config, HostAllocator allocator, CacheTier cluster, KvMemory memory, OpenParts parts) {
        RunnerConfig.Host section = config.host();
        long bytes = section.bytes(config.device());
        if (bytes == 0) {
            return null;
        }
        HostSlab slab = HostSlab.allocate(allocator, bytes, chunkBytes(config, memory), !section.auto());
        ExecutorService copies = Executors.newSingleThreadExecutor(ProcessNames.daemonThreads("kvern-host-copy"));
        parts.opened(copies::shutdownNow);
        return new HostTier(cluster, slab, RequestScope.carrying(copies));
    }

    private static int chunkBytes(RunnerConfig config, KvMemory memory) {
        return config.kv().chunkTokens() / config.kv().blockTokens() * memory.blockBytes();
    }

    /** The port of the gRPC server. */
    public int grpcPort() {
        return server.port();
    }

    /** What others need to know of this process, in a line. */
    public String readyLine() {
        return "ready role=runner id=" + id + " grpc=" + address;
    }

    /** Waits until the gRPC server has stopped. */
    public void awaitTermination() throws InterruptedException {
        server.awaitTermination();
    }

    /** Takes no more requests, gives those it has their time, leaves the cluster. */
    @Override
    public synchronized void close() {
        stop.run(graceMillis);
        parts.close();
    }
}
