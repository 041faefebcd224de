package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Which of the machine's processors nodes, and their clients, run on, so that on one machine a node has what a machine of its own would
 * have, and clients do not take it. Immutable.
 */
final class Processors {
    private static final Path STATUS = Path.of("/proc/self/status");
    private static final String ALLOWED = "Cpus_allowed_list:";

    private final List<Integer> all;
    private final int nodes;
    private final int ofNode;

    private Processors(List<Integer> all, int nodes, int ofNode) {
        this.all = all;
        this.nodes = nodes;
        this.ofNode = ofNode;
    }

    /** Everybody runs where there is room. */
    static Processors shared() {
        return new Processors(List.of(), 0, 0);
    }

    /**
     * Each node has its own, and clients the rest.
     *
     * @param all as {@link #ofThisProcess}
     * @param nodes most of them at a time
     * @param ofNode each one's number, at least 1
     * @throws KvernException MISCONFIGURED if nothing is left for clients
     */
    static Processors apart(List<Integer> all, int nodes, int ofNode) {
        if (nodes * ofNode >= all.size()) {
            throw KvernException.misconfigured(
                    "processors", all.size(), "more than the " + nodes * ofNode + " of " + nodes + " nodes");
        }
        return new Processors(List.copyOf(all), nodes, ofNode);
    }

    /**
     * Those that this process may use.
     *
     * @throws KvernException UNAVAILABLE where the system does not say: it is not Linux
     */
    static List<Integer> ofThisProcess() {
        try {
            return Files.readAllLines(STATUS).stream()
                    .filter(line -> line.startsWith(ALLOWED))
                    .map(line -> parse(line.substring(ALLOWED.length()).strip()))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no " + ALLOWED));
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE, STATUS + ": " + e.getMessage() + " (expected: a Linux machine)", e);
        }
    }

    /** @param list as the kernel writes them: {@code 0-3,8} */
    static List<Integer> parse(String list) {
        var processors = new ArrayList<Integer>();
        for (String range : list.split(",")) {
            String[] ends = range.split("-", 2);
            IntStream.rangeClosed(Integer.parseInt(ends[0]), Integer.parseInt(ends[ends.length - 1]))
                    .forEach(processors::add);
        }
        return processors;
    }

    /** Starts a node where it is to run. The first nodes of all clusters have the same, as only one cluster is busy at a time. */
    ServiceStarter forNode(ServiceStarter starter, int index) {
        return ofNode == 0
                ? starter
                : starter.under(List.of("taskset", "-c", text(all.subList(index * ofNode, (index + 1) * ofNode))));
    }

    /**
     * Moves this process, and what it starts from now on, to where clients run.
     *
     * @return moves it back
     */
    AutoCloseable confineThisProcess() {
        if (ofNode == 0) {
            return () -> {};
        }
        move(all.subList(nodes * ofNode, all.size()));
        return () -> move(all);
    }

    private static void move(List<Integer> processors) {
        String pid = String.valueOf(ProcessHandle.current().pid());
        try {
            // With all threads that there are by now.
            Process process = new ProcessBuilder("taskset", "-a", "-c", "-p", text(processors), pid)
                    .redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new KvernException(ErrorReason.UNAVAILABLE, said.strip());
            }
        } catch (IOException e) {
            throw new KvernException(ErrorReason.UNAVAILABLE, e.getMessage() + " (expected: util-linux)", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
        }
    }

    private static String text(List<Integer> processors) {
        return processors.stream().map(String::valueOf).collect(Collectors.joining(","));
    }
}
