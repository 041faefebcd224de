package dev.kvern.it;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.StatsRequest;
import dev.kvern.v1.StatsResponse;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.TreeSet;
import java.util.stream.IntStream;

/** Cache nodes that meet each other, each a process of its own: node-a, node-b, ... Confined to a thread. */
final class NodeCluster implements AutoCloseable {
    private static final long SETTLE_SECONDS = 60;

    private final TestCluster processes;

    /** Names of those that run. */
    private final TreeSet<String> up = new TreeSet<>();

    private NodeCluster(TestCluster processes, List<String> names) {
        this.processes = processes;
        up.addAll(names);
    }

    /**
     * Starts nodes and waits until each sees all.
     *
     * @param settings of all of them
     */
    static NodeCluster start(Path directory, int nodes, String... settings) {
        var cluster = new NodeCluster(
                TestCluster.start(directory, Collections.nCopies(nodes, List.of(settings)), List.of()),
                IntStream.range(0, nodes)
                        .mapToObj(i -> "node-" + (char) ('a' + i))
                        .toList());
        cluster.awaitSettled();
        return cluster;
    }

    List<String> names() {
        return List.copyOf(up);
    }

    /** Where the gRPC servers of the nodes that run are. */
    List<String> addresses() {
        return up.stream().map(this::address).toList();
    }

    String address(String name) {
        return processes.address(name, "grpc");
    }

    int port(String name) {
        String address = address(name);
        return Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
    }

    ServiceProcess process(String name) {
        return processes.process(name);
    }

    Client client(String name) {
        return processes.client(name);
    }

    StatsResponse stats(String name) {
        return client(name).blocks().stats(StatsRequest.getDefaultInstance());
    }

    BlockCounters counters(String name) {
        return stats(name).getCounters();
    }

    /** Ends a node as a lost machine does. */
    void kill(String name) {
        processes.kill(name);
        up.remove(name);
    }

    /** Starts a node that was killed again; it has joined when this returns, but holds little yet. */
    void restart(String name) {
        processes.restart(name);
        up.add(name);
    }

    /** Waits until each node that runs sees the others, and each block has a copy on another node if there is one. */
    void awaitSettled() {
        Await.until(
                "nodes " + up + " to see each other and to have copied what they lack",
                SETTLE_SECONDS,
                () -> up.stream().map(this::stats).toList(),
                all -> all.stream().allMatch(stats -> stats.getClusterNodes() == up.size())
                        && (up.size() == 1 || primaries(all) == backups(all)));
    }

    private static long primaries(List<StatsResponse> all) {
        return all.stream().mapToLong(StatsResponse::getPrimaryBlocks).sum();
    }

    private static long backups(List<StatsResponse> all) {
        return all.stream().mapToLong(StatsResponse::getBackupBlocks).sum();
    }

    @Override
    public void close() {
        processes.close();
    }
}
