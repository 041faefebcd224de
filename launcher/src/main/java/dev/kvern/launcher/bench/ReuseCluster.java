package dev.kvern.launcher.bench;

import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.GrpcChannels;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A cache node and model-runners that know it, each a process of its own on free loopback ports. There is no coordinator: the
 * benchmark itself chooses who computes. Confined to a thread.
 */
final class ReuseCluster implements AutoCloseable {
    private final ReuseSettings settings;
    private final ServiceStarter starter;
    private final List<ServiceProcess> children = new ArrayList<>();
    private final Path socket;
    private String node = "";

    /** @param directory for logs and working files */
    ReuseCluster(ReuseSettings settings, Path directory) {
        this.settings = settings;
        this.starter = ServiceStarter.fromOwnClassPath(directory);
        this.socket = directory.resolve("node.sock");
    }

    /** Starts the node and waits until it is ready. */
    ServiceProcess startNode() {
        int discovery = FreePorts.find(1).get(0);
        ServiceProcess process = start(
                "node",
                "node",
                List.of(
                        "id=node",
                        "listen.grpc_port=0",
                        "listen.unix_socket=" + (settings.unixSocket() ? socket : ""),
                        "ignite.discovery_port=" + discovery,
                        "ignite.communication_port=0",
                        "ignite.addresses=[\"127.0.0.1:" + discovery + "\"]",
                        "ignite.work_directory=" + starter.directory().resolve("node-work"),
                        "memory.region_bytes=" + settings.regionBytes()),
                List.of());
        String address = address(process);
        node = settings.unixSocket() ? GrpcChannels.UNIX_SCHEME + socket.toAbsolutePath() : address;
        return process;
    }

    /**
     * Starts a runner.
     *
     * @param more settings beside those that all have
     */
    ServiceProcess startRunner(String name, long poolBytes, List<String> more) {
        var all = new ArrayList<>(List.of(
                "id=" + name,
                "listen.grpc_port=0",
                "model.path=" + settings.model().toAbsolutePath(),
                "model.device=" + settings.device(),
                "model.compute_dtype=" + settings.type(),
                "model.threads=" + settings.threads(),
                "kv.block_tokens=" + ReuseSettings.BLOCK_TOKENS,
                "kv.chunk_tokens=" + settings.chunkTokens(),
                "kv.pool_bytes=" + poolBytes,
                // Computing answers again would get in the way of what is measured next.
                "engine.share_generated=false",
                "tier.nodes=[\"" + node + "\"]",
                // Room for the longest prompt: what is dropped is not there to be fetched.
                "tier.offload_queue_bytes=" + settings.regionBytes(),
                // Longer than the node is ever paused.
                // What is measured is a fetch, also where computing would be chosen.
                "tier.fetch_policy=always",
                "tier.match_timeout_millis=30000",
                // A runner that remembers what it has stored would not store again what the benchmark has removed.
                "tier.offload_recheck_millis=0"));
        all.addAll(settings.deviceSettings());
        all.addAll(more);
        // Host memory and what waits to be stored lie there; the default is meant for a service of ordinary size.
        return start(name, "runner", all, List.of("-XX:MaxDirectMemorySize=" + 4 * settings.poolBytes()));
    }

    private ServiceProcess start(String name, String role, List<String> serviceSettings, List<String> jvmFlags) {
        ServiceProcess child = starter.start(name, role, serviceSettings, jvmFlags);
        children.add(child);
        return child;
    }

    /** The gRPC address of a service, once it is ready. */
    static String address(ServiceProcess service) {
        return String.valueOf(service.awaitReady().get("grpc"));
    }

    @Override
    public void close() {
        children.forEach(ServiceProcess::stop);
        children.forEach(ServiceProcess::close);
    }
}
