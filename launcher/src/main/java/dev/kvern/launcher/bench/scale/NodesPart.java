package dev.kvern.launcher.bench.scale;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.bench.BenchRow;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.Latencies;
import dev.kvern.launcher.bench.Samples;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.v1.DeleteRequest;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.ToDoubleFunction;

/**
 * What clusters of one, two and more nodes move in all, asked by many threads, and how many processors nodes and clients use
 * meanwhile: that tells which of them was the limit. Confined to a thread.
 */
final class NodesPart {
    static final String NODES = "nodes";
    static final String GET = "GET";
    static final String PUT = "PUT";
    static final String NODE_PROCESSORS = "node_processors";
    static final String CLIENT_PROCESSORS = "client_processors";

    /** Blocks of one operation. */
    private static final int RUN = 8;

    /** Each of several nodes does a part of the work, and has compiled its code the later. */
    private static final int WARM_UPS = 4;

    private static final double GIGA = 1e9;

    private final ScaleSettings.Nodes settings;
    private final int rounds;
    private final ServiceStarter starter;
    private final PrintStream out;
    private final Chains chains;
    private final Random random;
    private final Map<String, List<Moved>> results = new LinkedHashMap<>();
    private long used;

    /** A cluster and a client for each thread. */
    private record Sized(int nodes, ScaleCluster cluster, List<ClusterClient> clients) {}

    /**
     * What was done once.
     *
     * @param nodeProcessors that each node was busy on
     * @param clientProcessors that all clients were busy on
     */
    private record Moved(ClosedLoop.Result result, double nodeProcessors, double clientProcessors) {}

    NodesPart(ScaleSettings settings, ServiceStarter starter, PrintStream out) {
        this.settings = settings.nodes();
        this.rounds = settings.rounds();
        this.starter = starter;
        this.out = out;
        this.random = new Random(settings.seed());
        this.chains = new Chains(
                settings.seed(), settings.nodes().blocks(), settings.nodes().blockBytes());
    }

    void run(BenchRows rows) throws InterruptedException {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            Processors processors = settings.processors() == 0
                    ? Processors.shared()
                    : Processors.apart(Processors.ofThisProcess(), settings.mostNodes(), settings.processors());
            opened.push(processors.confineThisProcess());
            var loop = new ClosedLoop(settings.threads());
            opened.push(loop);
            var clusters = new ArrayList<Sized>();
            for (int nodes : settings.counts()) {
                clusters.add(start(nodes, processors, opened));
            }
            for (int round = 1 - WARM_UPS; round <= rounds; round++) {
                out.println("nodes: " + (round < 1 ? "warm-up" : "round " + round + " of " + rounds));
                Collections.shuffle(clusters, random);
                for (Sized each : clusters) {
                    measure(each, loop);
                }
                if (round == 0) {
                    results.clear();
                }
            }
            addTo(rows);
        } finally {
            Closing.all(opened, out);
        }
    }

    private Sized start(int nodes, Processors processors, Deque<AutoCloseable> opened) {
        var cluster = new ScaleCluster(
                starter,
                processors,
                "of-" + nodes + "-",
                nodes,
                List.of(
                        "backups=0",
                        // More clients at one node than it would take at a time by default are not what is measured.
                        "limits.receiving_bytes=" + settings.operationsBytes(RUN),
                        "limits.sending_bytes=" + settings.operationsBytes(RUN),
                        "memory.max_block_bytes=" + Math.max(1 << 20, settings.blockBytes()),
                        "memory.region_bytes=" + settings.regionBytes()));
        opened.push(cluster);
        for (int i = 0; i < nodes; i++) {
            cluster.startNode();
        }
        cluster.awaitSettled(1);
        var clients = new ArrayList<ClusterClient>();
        for (int i = 0; i < settings.threads(); i++) {
            var client = new ClusterClient(PatientClient.unconnected(), cluster.coordinatorAddress());
            opened.push(client);
            clients.add(client.awaitOwners(nodes));
        }
        return new Sized(nodes, cluster, clients);
    }

    /** Puts blocks, gets them, and removes them, which is not timed. */
    private void measure(Sized sized, ClosedLoop loop) throws InterruptedException {
        long from = used;
        int turns = settings.blocks() / RUN;
        add(PUT, sized, moved(sized, loop, turns, (thread, turn) -> {
            PutOutcome outcome = sized.clients().get(thread).tier().put(chains.blocks(first(from, thread, turn), RUN));
            require("put", outcome, outcome instanceof PutOutcome.Stored);
        }));
        add(GET, sized, moved(sized, loop, turns, (thread, turn) -> {
            FetchOutcome outcome = sized.clients()
                    .get(thread)
                    .tier()
                    .fetch(chains.keys(first(from, thread, turn), RUN), chains.blockBytes(), (index, payload) -> {})
                    .outcome()
                    .join();
            require("get", outcome, outcome instanceof FetchOutcome.Hit);
        }));
        int all = settings.blocks() * settings.threads();
        used += all;
        delete(sized, chains.keys(from, all));
    }

    private static Moved moved(Sized sized, ClosedLoop loop, int turns, ClosedLoop.Operation operation)
            throws InterruptedException {
        CpuTime client = CpuTime.ofThisProcess();
        long clientBefore = client.nanos();
        long nodesBefore = sized.cluster().nodesCpuNanos();
        ClosedLoop.Result result = loop.run(turns, operation);
        double nanos = result.seconds() * GIGA;
        return new Moved(
                result,
                (sized.cluster().nodesCpuNanos() - nodesBefore) / nanos / sized.nodes(),
                (client.nanos() - clientBefore) / nanos);
    }

    private long first(long from, int thread, int turn) {
        return from + (long) thread * settings.blocks() + (long) turn * RUN;
    }

    private static void delete(Sized sized, List<BlockKey> keys) {
        var request = DeleteRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        var ignored = sized.cluster().last().blocks().delete(request.build());
    }

    private static void require(String what, Object outcome, boolean asExpected) {
        if (!asExpected) {
            throw new KvernException(ErrorReason.INTERNAL, what + ": " + outcome);
        }
    }

    private void add(String operation, Sized sized, Moved moved) {
        results.computeIfAbsent(key(operation, sized.nodes()), key -> new ArrayList<>())
                .add(moved);
    }

    private static String key(String operation, int nodes) {
        return operation + ", " + nodes + (nodes == 1 ? " node" : " nodes");
    }

    private void addTo(BenchRows rows) {
        for (String operation : List.of(PUT, GET)) {
            Samples one = speed(key(operation, settings.counts().get(0)));
            for (int nodes : settings.counts()) {
                List<Moved> moved = all(key(operation, nodes));
                Samples speed = speed(key(operation, nodes));
                BenchRow row = rows.row(key(operation, nodes), FillPart.KVERN, "GB/s", speed)
                        .with(FillResults.PART, NODES)
                        .with("clients", settings.threads())
                        .with(NODE_PROCESSORS, median(moved, Moved::nodeProcessors))
                        .with(CLIENT_PROCESSORS, median(moved, Moved::clientProcessors))
                        .withRatio(speed.over(one), speed.median() / one.median());
                rows.add(Latencies.of(moved.stream().flatMap(each -> each.result().nanos().stream()))
                        .addTo(row, FillResults.PERCENTILES));
            }
        }
    }

    private List<Moved> all(String key) {
        return results.getOrDefault(key, List.of());
    }

    private static double median(List<Moved> of, ToDoubleFunction<Moved> figure) {
        return new Samples(of.stream().mapToDouble(figure).boxed().toList()).median();
    }

    private Samples speed(String key) {
        return new Samples(all(key).stream()
                .map(each -> each.result().perSecond() * RUN * chains.blockBytes() / GIGA)
                .toList());
    }
}
