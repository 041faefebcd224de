package dev.kvern.launcher.demo;

import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Two cache nodes, two model-runners and a coordinator, each a process of its own on free loopback ports. Safe for use by
 * several threads; guarded by this.
 */
final class DemoCluster implements AutoCloseable {
    static final List<String> RUNNERS = List.of("runner-1", "runner-2");
    static final List<String> NODES = List.of("node-1", "node-2");
    private static final long REGION_BYTES = 512L << 20;
    private static final long POOL_BYTES = 256L << 20;

    private final List<ServiceProcess> children = new ArrayList<>();
    private String grpc = "";
    private String http = "";
    private boolean closed;

    /**
     * Starts everything and waits until all are ready.
     *
     * @param threads CPU threads of each runner
     * @param directory for logs and working files
     */
    void start(Path model, int threads, Path directory) {
        ServiceProcess coordinator = child(
                "coordinator",
                "coordinator",
                directory,
                // Heard often, so that the demo need not wait long to see that a runner has handed its blocks over.
                List.of("listen.grpc_port=0", "listen.http_port=0", "membership.heartbeat_millis=100"));
        var addresses = coordinator.awaitReady();
        grpc = String.valueOf(addresses.get("grpc"));
        http = String.valueOf(addresses.get("http"));

        // Both nodes look for each other from the start, so both discovery ports must be known.
        List<Integer> ports = FreePorts.find(NODES.size());
        String seeds = "["
                + String.join(
                        ", ", ports.stream().map(p -> "\"127.0.0.1:" + p + "\"").toList()) + "]";
        var starting = new ArrayList<ServiceProcess>();
        for (int i = 0; i < NODES.size(); i++) {
            starting.add(child(
                    NODES.get(i),
                    "node",
                    directory,
                    List.of(
                            "id=" + NODES.get(i),
                            "listen.grpc_port=0",
                            "coordinator=" + grpc,
                            "ignite.discovery_port=" + ports.get(i),
                            "ignite.communication_port=0",
                            "ignite.addresses=" + seeds,
                            "ignite.work_directory=" + directory.resolve(NODES.get(i) + "-work"),
                            "memory.region_bytes=" + REGION_BYTES)));
        }
        for (String name : RUNNERS) {
            starting.add(child(
                    name,
                    "runner",
                    directory,
                    List.of(
                            "id=" + name,
                            "listen.grpc_port=0",
                            "coordinator=" + grpc,
                            "model.path=" + model.toAbsolutePath(),
                            "model.threads=" + threads,
                            "kv.pool_bytes=" + POOL_BYTES)));
        }
        starting.forEach(ServiceProcess::awaitReady);
    }

    private ServiceProcess child(String name, String role, Path directory, List<String> settings) {
        ServiceProcess child = ServiceStarter.fromOwnClassPath(directory).start(name, role, settings);
        synchronized (this) {
            children.add(child);
            if (closed) {
                child.stop();
            }
        }
        return child;
    }

    /** The coordinator's gRPC address. */
    String grpc() {
        return grpc;
    }

    /** The dashboard's address. */
    String http() {
        return http;
    }

    @Override
    public void close() {
        List<ServiceProcess> all;
        synchronized (this) {
            closed = true;
            all = new ArrayList<>(children);
            children.clear();
        }
        all.forEach(ServiceProcess::stop);
        all.forEach(ServiceProcess::close);
    }
}
