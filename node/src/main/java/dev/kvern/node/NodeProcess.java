package dev.kvern.node;

import dev.kvern.cluster.ClusterId;
import dev.kvern.cluster.Coordinators;
import dev.kvern.cluster.Membership;
import dev.kvern.node.admin.AdminParts;
import dev.kvern.node.admin.CacheAdminGrpc;
import dev.kvern.node.grpc.BlockStoreGrpc;
import dev.kvern.node.grpc.CallTimes;
import dev.kvern.node.grpc.SendBudget;
import dev.kvern.node.grpc.StoreSpans;
import dev.kvern.node.ignite.IgniteBlockStorage;
import dev.kvern.node.ignite.IgniteNode;
import dev.kvern.node.ignite.LentRoom;
import dev.kvern.node.ignite.NodeMessages;
import dev.kvern.node.ignite.OffHeapMemory;
import dev.kvern.node.ignite.OwnersGate;
import dev.kvern.node.ignite.PartitionHolders;
import dev.kvern.node.ignite.Placement;
import dev.kvern.node.store.BlockReader;
import dev.kvern.node.store.CacheMemory;
import dev.kvern.node.store.ChainLru;
import dev.kvern.node.store.ReadCache;
import dev.kvern.node.store.RegionGate;
import dev.kvern.node.store.SharedFileMemory;
import dev.kvern.node.store.StoreCounters;
import dev.kvern.node.store.WatermarkEvictor;
import dev.kvern.process.OpenParts;
import dev.kvern.process.ProcessNames;
import dev.kvern.rpc.GrpcServer;
import dev.kvern.rpc.HostPort;
import dev.kvern.rpc.KvernException;
import dev.kvern.telemetry.RequestScope;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.v1.Member;
import dev.kvern.v1.MemberRole;
import io.grpc.BindableService;
import io.grpc.ServerInterceptor;
import io.grpc.ServerInterceptors;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A cache node: an Ignite server node and the BlockStoreService over it. The one place where its parts are put together. Safe
 * for use by several threads.
 */
public final class NodeProcess implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(NodeProcess.class);

    private static final Path SHARED_MEMORY = Path.of("/dev/shm");

    private static final long TELL_USE_MILLIS = 200;
    private static final long OLD_ROOM_MILLIS = 1_000;

    /** To store a block may take several calls to Ignite, each bounded by itself. */
    private static final long ROOM_LENT_TIMES = 5;

    private static final long SETTLE_HOLDERS_MILLIS = 250;
    /** For what nodes ask each other, which takes longer than reading a block. */
    private static final long MIN_ANSWER_MILLIS = 5_000;

    private static final long GRACE_MILLIS = 2_000;

    private final String id;
    private final String address;
    private final String discovery;
    private final GrpcServer server;
    private final Runnable handOver;
    private final BooleanSupplier drained;

    private final OpenParts parts;
    private volatile boolean leaving;

    private NodeProcess(
            String id,
            String address,
            String discovery,
            GrpcServer server,
            Runnable handOver,
            BooleanSupplier drained,
            OpenParts parts) {
        this.id = id;
        this.address = address;
        this.discovery = discovery;
        this.server = server;
        this.handOver = handOver;
        this.drained = drained;
        this.parts = parts;
    }

    /**
     * Joins the Ignite cluster and starts to serve.
     *
     * @throws KvernException MISCONFIGURED if a port cannot be bound or the cluster not be joined
     */
    public static NodeProcess start(NodeConfig config) {
        var parts = new OpenParts();
        try {
            return start(config, parts);
        } catch (RuntimeException | Error e) {
            parts.close();
            throw e;
        }
    }

    private static NodeProcess start(NodeConfig config, OpenParts parts) {
        long startedAtMillis = System.currentTimeMillis();
        long startedAtNanos = System.nanoTime();
        String id = config.id().isEmpty() ? ProcessNames.memberId("node") : config.id();
        Telemetry telemetry = parts.opened(Telemetry.start(config.telemetry(), "node", id));
        var counters = new StoreCounters();
        var policy = new ChainLru(System::nanoTime, counters::reused);
        var lost = new CompletableFuture<String>();
        long cacheBytes = config.memory().readCacheBytes();
        long regionBytes = config.memory().regionBytes() - cacheBytes;
        var cache = new ReadCache(cacheMemory(cacheBytes, config.listen().unixSocketPath(), parts), policy::holds);
        IgniteNode ignite = parts.opened(IgniteNode.start(
                new IgniteNode.Settings(
                        id,
                        config.listen().host(),
                        config.advertiseHost(),
                        config.zone(),
                        config.ignite().discoveryPort(),
                        config.ignite().communicationPort(),
                        config.ignite().addresses(),
                        config.ignite().foundAfterMillis(),
                        config.ignite().workDirectory(),
                        config.ignite().failureDetectionMillis(),
                        config.rebalance().bytesPerSecond(),
                        regionBytes,
                        config.memory().maxBlockBytes()),
                policy,
                cache::drop,
                lost::complete));
        var threads = parts.opened(NodeThreads.start(config.limits().threads()));
        ScheduledExecutorService scheduler = threads.timer();
        var messages = new NodeMessages(
                ignite.ignite(),
                threads.messages(),
                Math.max(MIN_ANSWER_MILLIS, config.limits().operationTimeoutMillis()));
        var storage = new IgniteBlockStorage(
                ignite.ignite(),
                messages,
                new Placement(config.backups(), config.partitions()),
                policy,
                counters,
                RequestScope.carrying(threads.waits()),
                config.limits().operationTimeoutMillis());
        double highWatermark = highWatermark(config.memory(), regionBytes);
        var evictor = new WatermarkEvictor(
                policy,
                storage::usedBytes,
                regionBytes,
                highWatermark,
                Math.min(config.memory().lowWatermark(), highWatermark - WatermarkEvictor.STEP),
                key -> storage.delete(key).join(),
                counters,
                scheduler);
        evictor.start();
        long evictsAboveBytes = (long) (highWatermark * regionBytes);
        long mostUsedBytes = mostUsedBytes(config.memory(), regionBytes);
        // Others may store so much here before they hear that there is no room.
        long aheadBytes = (mostUsedBytes - evictsAboveBytes) / 2;
        int operationMillis = config.limits().operationTimeoutMillis();
        var region = new RegionGate(
                new RegionGate.Region(storage::usedBytes, mostUsedBytes - aheadBytes, IgniteNode::footprintBytes),
                evictor::makeRoom,
                operationMillis,
                counters,
                scheduler,
                System::nanoTime);
        var lent = new LentRoom(
                ignite.ignite(), messages, region, aheadBytes, ROOM_LENT_TIMES * operationMillis, System::nanoTime);
        scheduler.scheduleWithFixedDelay(lent::takeBackOld, OLD_ROOM_MILLIS, OLD_ROOM_MILLIS, TimeUnit.MILLISECONDS);
        var gate = new OwnersGate(ignite.ignite(), messages, region, storage, operationMillis);
        var holders = new PartitionHolders(ignite.ignite(), messages);
        scheduler.scheduleWithFixedDelay(
                holders::look, SETTLE_HOLDERS_MILLIS, SETTLE_HOLDERS_MILLIS, TimeUnit.MILLISECONDS);
        scheduler.scheduleWithFixedDelay(storage::tellUse, TELL_USE_MILLIS, TELL_USE_MILLIS, TimeUnit.MILLISECONDS);

        var service = new BlockStoreGrpc(
                id,
                storage,
                new BlockReader(storage, cache, counters),
                storage.owners(),
                counters,
                config.memory().maxBlockBytes(),
                config.limits().receivingBytes(),
                new SendBudget(config.limits().sendingBytes(), threads.calls(), System::nanoTime),
                config.limits().readAheadBlocks(),
                gate,
                evictor::stored,
                () -> TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - startedAtNanos));
        var admin = new AdminParts(
                ignite.ignite(),
                storage.owners(),
                messages,
                holders,
                ignite.metrics(),
                policy,
                storage,
                counters,
                evictsAboveBytes,
                config.backups());
        var drained = new CompletableFuture<Void>();
        GrpcServer server = parts.opened(GrpcServer.start(
                config.listen().host(),
                config.listen().grpcPort(),
                config.listen().unixSocketPath(),
                threads.calls(),
                BlockStoreGrpc.NEVER_BLOCKING,
                List.<BindableService>of(
                        () -> ServerInterceptors.intercept(service, storeInterceptors(counters, telemetry)),
                        new CacheAdminGrpc(id, admin, threads.admin(), () -> drained.complete(null))),
                telemetry));
        String host = config.advertiseHost().isEmpty() ? config.listen().host() : config.advertiseHost();
        String address = HostPort.of(host, server.port());
        server.serving(true);
        if (!config.coordinator().isEmpty()) {
            var self = Member.newBuilder()
                    .setId(id)
                    .setRole(MemberRole.MEMBER_ROLE_NODE)
                    .setAddress(address)
                    .setUnixSocket(config.listen().unixSocketPath())
                    .setStartedAtMillis(startedAtMillis)
                    .build();
            var cluster = new ClusterId(config.clusterId());
            parts.opened(Coordinators.follow(
                    config.coordinator(),
                    each -> new Membership(
                            each,
                            cluster,
                            self,
                            beat -> beat.setDraining(beat.getDraining() || holders.draining())
                                    .setNode(service.stats()),
                            storage.owners()::map,
                            scheduler)));
        }
        long drainMillis = config.shutdown().drainMillis();
        var process = new NodeProcess(
                id,
                address,
                ignite.discoveryAddress(),
                server,
                drainMillis == 0 ? () -> {} : () -> admin.drainBeforeTheEnd(drainMillis),
                drained::isDone,
                parts);
        // A node that Ignite has cut off serves nobody; it ends, and whoever runs it starts it again.
        lost.thenAcceptAsync(why -> process.leave(), ended("kvern-node-loss"));
        drained.thenAcceptAsync(done -> process.leave(), ended("kvern-node-drained"));
        return process;
    }

    /** What sees the store's calls with their messages. */
    private static List<ServerInterceptor> storeInterceptors(StoreCounters counters, Telemetry telemetry) {
        var times = new CallTimes(counters, System::nanoTime);
        return telemetry.on() ? List.of(times, new StoreSpans()) : List.of(times);
    }

    /** Memory that runners on this machine can read, if they reach this node by its socket; else the process's own. */
    private static CacheMemory cacheMemory(long bytes, String unixSocket, OpenParts parts) {
        if (bytes > 0 && !unixSocket.isEmpty()) {
            try {
                // One node for each path: who finds a file of that name finds one that was left behind.
                return parts.opened(SharedFileMemory.create(
                        SHARED_MEMORY,
                        UUID.nameUUIDFromBytes(unixSocket.getBytes(StandardCharsets.UTF_8))
                                .toString(),
                        bytes));
            } catch (IOException e) {
                log.warn("blocks go to runners on this machine over the socket, not through memory: {}", e.toString());
            }
        }
        return OffHeapMemory.allocate(bytes);
    }

    /** A thread of its own for the end of the process, which ends all others. */
    private static Executor ended(String thread) {
        return runnable ->
                ProcessNames.daemonThreads(thread).newThread(runnable).start();
    }

    /**
     * Where blocks begin to be evicted by our policy: a step before Ignite would evict at random, and never tell which. The policy
     * would keep the keys of those.
     */
    private static double highWatermark(NodeConfig.Memory memory, long regionBytes) {
        return Math.min(
                memory.highWatermark(),
                IgniteNode.evictsAtRandomFrom(regionBytes, memory.maxBlockBytes()) - WatermarkEvictor.STEP);
    }

    /** Up to where blocks may be stored: Ignite would evict at random beyond. */
    private static long mostUsedBytes(NodeConfig.Memory memory, long regionBytes) {
        return (long) (IgniteNode.evictsAtRandomFrom(regionBytes, memory.maxBlockBytes()) * regionBytes);
    }

    /** The port of the gRPC server. */
    public int grpcPort() {
        return server.port();
    }

    /** HOST:PORT where other nodes meet this one. */
    public String discoveryAddress() {
        return discovery;
    }

    /** What others need to know of this process, in a line. */
    public String readyLine() {
        return "ready role=node id=" + id + " grpc=" + address + " discovery=" + discovery;
    }

    /** Whether it ends, or has ended, because it was drained, and needs nobody to start it again. */
    public boolean drained() {
        return drained.getAsBoolean();
    }

    /** Waits until the gRPC server has stopped. */
    public void awaitTermination() throws InterruptedException {
        server.awaitTermination();
    }

    /** Hands its blocks over, if it is configured to, and serves meanwhile; then leaves. */
    @Override
    public void close() {
        if (!leaving) {
            try {
                handOver.run();
            } catch (RuntimeException e) {
                log.warn("leaving without having handed over what no other node has: {}", e.toString());
            }
        }
        leave();
    }

    /** Leaves the coordinators' lists, lets running calls end for a moment, leaves the cluster. */
    private synchronized void leave() {
        leaving = true;
        parts.closeLastIf(Coordinators.class);
        server.stop(GRACE_MILLIS);
        parts.close();
    }
}
