package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.JvmFlags;
import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A coordinator, a cache node and two model-runners, each a process of its own on free loopback ports, with so little memory
 * for blocks that they come and go all the time. The runners differ, so that every way that a block can take is taken: one
 * has a tier in the host's memory and sends at once, the other sends what it evicts. Confined to a thread.
 */
final class SoakCluster implements AutoCloseable {
    static final List<String> RUNNERS = List.of("runner-1", "runner-2");

    private final SoakSettings settings;
    private final ServiceStarter starter;
    private final Map<String, ServiceProcess> children = new LinkedHashMap<>();
    private String coordinator = "";

    /** @param directory for logs and working files */
    SoakCluster(SoakSettings settings, Path directory) {
        this.settings = settings;
        this.starter = ServiceStarter.fromOwnClassPath(directory);
    }

    /** Starts everything and waits until all are ready. */
    void start() {
        ServiceProcess front = start(
                "coordinator",
                "coordinator",
                List.of(
                        "listen.grpc_port=0",
                        "listen.http_port=0",
                        "membership.heartbeat_millis=200",
                        // Nobody is to be taken for lost because the machine has other things to do.
                        "membership.lease_millis=600000"));
        coordinator = String.valueOf(front.awaitReady().get("grpc"));
        int discovery = FreePorts.find(1).get(0);
        long maxBlockBytes = settings.regionBytes() / 16;
        start(
                "node",
                "node",
                List.of(
                        "id=node",
                        "listen.grpc_port=0",
                        "coordinator=" + coordinator,
                        "ignite.discovery_port=" + discovery,
                        "ignite.communication_port=0",
                        "ignite.addresses=[\"127.0.0.1:" + discovery + "\"]",
                        "ignite.work_directory=" + starter.directory().resolve("node-work"),
                        "memory.region_bytes=" + settings.regionBytes(),
                        "memory.max_block_bytes=" + maxBlockBytes));
        startRunner(
                RUNNERS.get(0),
                "host.bytes=" + settings.hostBytes(),
                "offload.policy=write_through",
                "tier.fetch_policy=measured");
        startRunner(
                RUNNERS.get(1),
                "host.bytes=0",
                "offload.policy=on_eviction",
                "offload.staging_bytes=" + settings.stagingBytes(),
                "tier.fetch_policy=always");
        children.values().forEach(ServiceProcess::awaitReady);
    }

    private void startRunner(String name, String... more) {
        var all = new ArrayList<>(List.of(
                "id=" + name,
                "listen.grpc_port=0",
                "coordinator=" + coordinator,
                "model.path=" + settings.model().toAbsolutePath(),
                "model.compute_dtype=fp32",
                "model.threads=1",
                "kv.chunk_tokens=" + SoakSettings.CHUNK_TOKENS,
                "kv.pool_bytes=" + settings.poolBytes(),
                "engine.max_running=" + SoakSettings.MAX_RUNNING,
                "engine.queue=" + SoakSettings.QUEUE));
        all.addAll(List.of(more));
        start(name, "runner", all);
    }

    private ServiceProcess start(String name, String role, List<String> serviceSettings) {
        ServiceProcess child = starter.start(name, role, serviceSettings, ProcessProbe.jvmFlags(JvmFlags.of(role)));
        children.put(name, child);
        return child;
    }

    /** The coordinator's gRPC address. */
    String coordinator() {
        return coordinator;
    }

    /** All processes by name, in the order in which they were started. */
    Map<String, ServiceProcess> processes() {
        return new LinkedHashMap<>(children);
    }

    @Override
    public void close() {
        children.values().forEach(ServiceProcess::stop);
        children.values().forEach(ServiceProcess::close);
    }
}
