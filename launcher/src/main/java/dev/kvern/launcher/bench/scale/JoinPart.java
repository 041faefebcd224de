package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.GrpcChannels;
import dev.kvern.rpc.KvernException;
import dev.kvern.runner.tier.BlockStoreClient;
import dev.kvern.runner.tier.FetchOutcome;
import dev.kvern.runner.tier.PutOutcome;
import dev.kvern.runner.tier.TierOptions;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.DrainResponse;
import dev.kvern.v1.RebalanceStatusResponse;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Nodes join and leave a cluster while it serves requests at a steady pace. Confined to a thread. */
final class JoinPart {
    private static final int COPIES = 2;
    private static final int CHAIN_BLOCKS = 250;
    private static final int BATCH = 20;
    private static final long DRAIN_SECONDS = 600;
    private static final long POLL_MILLIS = 100;

    private final ScaleSettings.Moving settings;
    private final long seed;
    private final ServiceStarter starter;
    private final PrintStream out;
    private final Chains chains;
    private final JoinResults results = new JoinResults();

    JoinPart(ScaleSettings settings, ServiceStarter starter, PrintStream out) {
        this.settings = settings.moving();
        this.seed = settings.seed();
        this.starter = starter;
        this.out = out;
        this.chains = new Chains(seed, CHAIN_BLOCKS, this.settings.blockBytes());
    }

    void run(BenchRows rows) throws InterruptedException {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            out.println("join: starting a coordinator and a node, " + settings.blocks() + " blocks");
            var cluster = cluster();
            opened.push(cluster);
            cluster.startNode();
            // With the runner's own deadlines: what comes later than a runner waits is a miss.
            var client = new ClusterClient(
                    new BlockStoreClient(TierOptions.DEFAULTS, GrpcChannels::open, System::nanoTime),
                    cluster.coordinatorAddress());
            opened.push(client);
            client.awaitOwners(1);
            store(client.tier());
            var load = new PacedLoad(client.tier(), chains, settings, seed);
            opened.push(load);
            load.start();
            // The first requests of a process are slower.
            quietly("warm-up", cluster, load, new JoinResults());
            phases(cluster, load);
            load.close();
            results.addTo(rows, lost(cluster, load.stored()));
        } finally {
            Closing.all(opened, out);
        }
    }

    private ScaleCluster cluster() {
        return new ScaleCluster(
                starter,
                "join-",
                ScaleSettings.Moving.NODES,
                List.of(
                        "backups=" + (COPIES - 1),
                        "rebalance.bytes_per_second=" + settings.rebalanceBytesPerSecond(),
                        "memory.max_block_bytes=" + Math.max(1 << 20, settings.blockBytes()),
                        "memory.region_bytes=" + settings.regionBytes()));
    }

    private void store(BlockStoreClient client) {
        for (int from = 0; from < settings.blocks(); from += BATCH) {
            int count = Math.min(BATCH, settings.blocks() - from);
            PutOutcome outcome = client.put(chains.blocks(from, count));
            if (!(outcome instanceof PutOutcome.Stored)) {
                throw new KvernException(ErrorReason.INTERNAL, "blocks could not be stored: " + outcome);
            }
        }
    }

    private void phases(ScaleCluster cluster, PacedLoad load) throws InterruptedException {
        quietly("1 node", cluster, load, results);
        for (int nodes = 2; nodes <= ScaleSettings.Moving.NODES; nodes++) {
            join(nodes, cluster, load);
            quietly(nodes + " nodes", cluster, load, results);
        }
        leave(cluster, load);
        quietly((ScaleSettings.Moving.NODES - 1) + " nodes again", cluster, load, results);
    }

    private void quietly(String what, ScaleCluster cluster, PacedLoad load, JoinResults to)
            throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(settings.quietSeconds());
        during(what, cluster, load, to, status -> System.nanoTime() - end >= 0);
        requireRoom(cluster);
    }

    /** Its process takes processors from the others on this machine until it is ready, so that is a stretch of its own. */
    private void join(int nodes, ScaleCluster cluster, PacedLoad load) throws InterruptedException {
        ServiceProcess process = cluster.launch();
        var ready = CompletableFuture.runAsync(process::awaitReady);
        during("node " + nodes + " starts", cluster, load, results, status -> ready.isDone());
        ready.join();
        cluster.admit(process);
        during(
                "blocks move to node " + nodes,
                cluster,
                load,
                results,
                status -> ScaleCluster.settled(status, nodes, COPIES));
    }

    private void leave(ScaleCluster cluster, PacedLoad load) throws InterruptedException {
        ScaleNode last = cluster.last();
        var request = DrainRequest.newBuilder()
                .setDeadlineMillis(TimeUnit.SECONDS.toMillis(DRAIN_SECONDS))
                .build();
        var drained =
                CompletableFuture.supplyAsync(() -> last.admin(DRAIN_SECONDS).drain(request));
        during("a node is drained", cluster, load, results, status -> drained.isDone());
        DrainResponse response = drained.join();
        if (!response.getDrained()) {
            throw new KvernException(ErrorReason.INTERNAL, "not drained: " + response);
        }
        cluster.forget(last);
        int left = ScaleSettings.Moving.NODES - 1;
        during(
                "the drained node has left",
                cluster,
                load,
                new JoinResults(),
                status -> ScaleCluster.settled(status, left, COPIES));
    }

    private void during(
            String what, ScaleCluster cluster, PacedLoad load, JoinResults to, Predicate<RebalanceStatusResponse> ended)
            throws InterruptedException {
        out.println("join: " + what);
        LoadPhase phase = load.nextPhase();
        var moved = new MovedBytes();
        RebalanceStatusResponse status = cluster.rebalance();
        moved.saw(status, System.nanoTime());
        while (!ended.test(status)) {
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            status = cluster.rebalance();
            moved.saw(status, System.nanoTime());
        }
        to.add(what, phase, moved);
    }

    /** What is evicted is not lost, and would look like it. */
    private static void requireRoom(ScaleCluster cluster) {
        long evicted = cluster.evicted();
        if (evicted != 0) {
            throw new KvernException(ErrorReason.INTERNAL, "nodes have evicted " + evicted + " blocks (expected: 0)");
        }
    }

    /** Blocks that a patient reader does not find. */
    private int lost(ScaleCluster cluster, List<Long> stored) {
        int lost = 0;
        try (var client = PatientClient.of(cluster.addresses())) {
            for (long number : stored) {
                FetchOutcome outcome = client.fetch(
                                List.of(chains.key(number)), chains.blockBytes(), (index, payload) -> {})
                        .outcome()
                        .join();
                lost += outcome instanceof FetchOutcome.Hit ? 0 : 1;
            }
        }
        return lost;
    }
}
