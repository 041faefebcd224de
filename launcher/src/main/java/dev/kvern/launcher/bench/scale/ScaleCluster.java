package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.process.FreePorts;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.RebalanceStatusRequest;
import dev.kvern.v1.RebalanceStatusResponse;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A coordinator and cache nodes that come and go, each a process of its own on free loopback ports. Confined to a thread. */
final class ScaleCluster implements AutoCloseable {
    private static final long SETTLE_SECONDS = 300;
    private static final long POLL_MILLIS = 50;
    private static final long ADMIN_SECONDS = 60;

    private final ServiceStarter starter;
    private final Processors processors;
    private final String name;
    private final List<String> nodeSettings;
    private final List<Integer> discovery;
    private final ServiceProcess coordinator;
    private final List<ServiceProcess> processes = new ArrayList<>();
    private final List<ScaleNode> nodes = new ArrayList<>();

    /**
     * Starts the coordinator.
     *
     * @param name begins the names of its processes
     * @param mostNodes that are ever started
     * @param nodeSettings of all nodes
     */
    ScaleCluster(ServiceStarter starter, String name, int mostNodes, List<String> nodeSettings) {
        this(starter, Processors.shared(), name, mostNodes, nodeSettings);
    }

    /** The same with nodes on processors of their own. */
    ScaleCluster(ServiceStarter starter, Processors processors, String name, int mostNodes, List<String> nodeSettings) {
        this.starter = starter;
        this.processors = processors;
        this.name = name;
        this.nodeSettings = List.copyOf(nodeSettings);
        this.discovery = FreePorts.find(mostNodes);
        this.coordinator = starter.start(
                name + "coordinator",
                "coordinator",
                List.of("listen.grpc_port=0", "listen.http_port=0", "membership.heartbeat_millis=200"));
    }

    String coordinatorAddress() {
        return String.valueOf(coordinator.awaitReady().get("grpc"));
    }

    /** Starts one more node and waits until it is ready; blocks may move on. */
    ScaleNode startNode() {
        return admit(launch());
    }

    /** Starts the process of one more node. */
    ServiceProcess launch() {
        String id = name + "node-" + (processes.size() + 1);
        String seeds = discovery.stream()
                .map(port -> "\"127.0.0.1:" + port + "\"")
                .toList()
                .toString();
        var settings = new ArrayList<>(List.of(
                "id=" + id,
                "listen.grpc_port=0",
                "coordinator=" + coordinatorAddress(),
                "ignite.discovery_port=" + discovery.get(processes.size()),
                "ignite.communication_port=0",
                "ignite.addresses=" + seeds,
                "ignite.work_directory=" + starter.directory().resolve(id + "-work")));
        settings.addAll(nodeSettings);
        ServiceProcess process = processors.forNode(starter, processes.size()).start(id, "node", settings);
        processes.add(process);
        return process;
    }

    /** Counts a process that was launched as one of the nodes, once it is ready. */
    ScaleNode admit(ServiceProcess process) {
        var node = new ScaleNode(process);
        nodes.add(node);
        return node;
    }

    /** Blocks that nodes have removed by themselves for want of room. */
    long evicted() {
        return nodes.stream()
                .map(node -> node.stats().getCounters())
                .mapToLong(counters -> counters.getEvictedBlocks() + counters.getEvictedGoneBlocks())
                .sum();
    }

    /** Processor time that all its nodes have used. */
    long nodesCpuNanos() {
        return processes.stream()
                .mapToLong(process -> CpuTime.of(process.pid()).nanos())
                .sum();
    }

    /** The node that was started last. */
    ScaleNode last() {
        return nodes.get(nodes.size() - 1);
    }

    List<String> addresses() {
        return nodes.stream().map(ScaleNode::address).toList();
    }

    /** Of a node that ends by itself. */
    void forget(ScaleNode node) {
        nodes.remove(node);
        node.close();
    }

    RebalanceStatusResponse rebalance() {
        return nodes.get(0).admin(ADMIN_SECONDS).rebalanceStatus(RebalanceStatusRequest.getDefaultInstance());
    }

    /** Whether all nodes take part and no block lacks a copy. */
    static boolean settled(RebalanceStatusResponse status, int nodes, int copies) {
        return status.getNodesCount() == nodes
                && status.getMovingPartitions() == 0
                && status.getFewestCopies() == Math.min(copies, nodes);
    }

    void awaitSettled(int copies) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SETTLE_SECONDS);
        while (!settled(rebalance(), nodes.size(), copies)) {
            if (System.nanoTime() - deadline > 0) {
                throw new KvernException(
                        ErrorReason.UNAVAILABLE, nodes.size() + " nodes: not settled after " + SETTLE_SECONDS + " s");
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(POLL_MILLIS));
        }
    }

    @Override
    public void close() {
        nodes.forEach(ScaleNode::close);
        processes.forEach(ServiceProcess::stop);
        processes.forEach(ServiceProcess::close);
        coordinator.close();
    }
}
