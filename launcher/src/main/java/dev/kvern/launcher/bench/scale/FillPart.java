package dev.kvern.launcher.bench.scale;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RedisServer;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Random;

/**
 * Fills a node, and Redis beside it, and measures both at each size. A second one of each stays at the first size and is measured
 * in the same rounds, so that what the machine does otherwise is in both. Confined to a thread.
 */
final class FillPart {
    static final String KVERN = "kvern";

    private static final String SMALL = " small";
    private static final int FIRST_WARM_UPS = 4;

    private final ScaleSettings settings;
    private final ServiceStarter starter;
    private final PrintStream out;
    private final Random random;
    private final Chains chains;

    FillPart(ScaleSettings settings, ServiceStarter starter, PrintStream out) {
        this.settings = settings;
        this.starter = starter;
        this.out = out;
        this.random = new Random(settings.seed());
        this.chains = new Chains(
                settings.seed(), settings.fill().chainBlocks(), settings.fill().blockBytes());
    }

    /** One kind of store: the one that is filled, and the one that stays small. */
    private record Pair(String name, Filling growing, Filling small) {}

    void run(BenchRows rows) throws IOException, InterruptedException {
        Deque<AutoCloseable> opened = new ArrayDeque<>();
        try {
            measure(pairs(opened), rows);
        } finally {
            Closing.all(opened, out);
        }
    }

    private List<Pair> pairs(Deque<AutoCloseable> opened) throws IOException {
        ScaleSettings.Fill fill = settings.fill();
        var loop = new ClosedLoop(fill.connections());
        opened.push(loop);
        int most = fill.sizes().get(fill.sizes().size() - 1);
        var pairs = new ArrayList<Pair>();
        pairs.add(new Pair(
                KVERN,
                filling(kvern(KVERN, most), loop, opened),
                filling(kvern(KVERN + SMALL, fill.first()), loop, opened)));
        if (settings.redis() != null) {
            pairs.add(new Pair(
                    RedisServer.NAME,
                    filling(redis(RedisServer.NAME, most), loop, opened),
                    filling(redis(RedisServer.NAME + SMALL, fill.first()), loop, opened)));
        }
        return pairs;
    }

    private Filling filling(FillStore store, ClosedLoop loop, Deque<AutoCloseable> opened) {
        opened.push(store);
        var filling = new Filling(store, chains, loop);
        opened.push(filling);
        return filling;
    }

    private FillStore kvern(String name, int blocks) {
        String id = name.replace(' ', '-');
        var process = starter.start(
                id,
                "node",
                List.of(
                        "id=" + id,
                        "listen.grpc_port=0",
                        "ignite.discovery_port=0",
                        "ignite.communication_port=0",
                        "ignite.work_directory=" + starter.directory().resolve(id + "-work"),
                        "backups=0",
                        "memory.max_block_bytes="
                                + Math.max(1 << 20, settings.fill().blockBytes()),
                        "memory.region_bytes=" + settings.fill().regionBytes(blocks)));
        try {
            return new KvernFill(name, process, settings.fill().blockBytes());
        } catch (RuntimeException e) {
            process.close();
            throw e;
        }
    }

    private FillStore redis(String name, int blocks) throws IOException {
        if (settings.redis() == null) {
            throw new IllegalStateException("no redis");
        }
        return new RedisFill(
                name,
                RedisServer.start(
                        settings.redis(),
                        name.replace(' ', '-'),
                        starter.directory(),
                        settings.fill().regionBytes(blocks)),
                settings.fill().blockBytes());
    }

    private void measure(List<Pair> pairs, BenchRows rows) throws InterruptedException {
        for (Pair pair : pairs) {
            pair.small().fillTo(settings.fill().first());
        }
        for (int size : settings.fill().sizes()) {
            var results = new FillResults(size, settings.fill().first());
            for (Pair pair : pairs) {
                results.filledAt(pair.name(), pair.growing().fillTo(size));
            }
            out.println("fill: " + String.format("%,d", size) + " blocks, warm-up");
            // A process that has just started is not yet compiled.
            int warmUps = size == settings.fill().first() ? FIRST_WARM_UPS : 1;
            for (int i = 0; i < warmUps; i++) {
                round(pairs, new FillResults(size, size));
            }
            for (int round = 1; round <= settings.rounds(); round++) {
                out.println(
                        "fill: " + String.format("%,d", size) + " blocks, round " + round + " of " + settings.rounds());
                round(pairs, results);
            }
            for (Pair pair : pairs) {
                results.footprints(
                        pair.name(),
                        whole(pair.growing(), size),
                        whole(pair.small(), settings.fill().first()));
            }
            results.addTo(rows, pairs.stream().map(Pair::name).toList());
        }
    }

    /** Who has evicted something is not as full as he seems. */
    private static FillStore.Footprint whole(Filling filling, int size) {
        FillStore.Footprint footprint = filling.store().footprint();
        if (footprint.evicted() != 0 || footprint.blocks() != size) {
            throw new KvernException(
                    ErrorReason.INTERNAL,
                    filling.store().name() + ": " + footprint.blocks() + " blocks, " + footprint.evicted()
                            + " evicted (expected: " + size + ", 0)");
        }
        return footprint;
    }

    /** Operations in random order, and in each one the stores, one right after the other. */
    private void round(List<Pair> pairs, FillResults results) throws InterruptedException {
        var operations = new ArrayList<>(List.of(FillOperation.values()));
        Collections.shuffle(operations, random);
        for (FillOperation operation : operations) {
            var turns = new ArrayList<>(pairs);
            Collections.shuffle(turns, random);
            for (Pair pair : turns) {
                boolean smallFirst = random.nextBoolean();
                Filling.Measured first = (smallFirst ? pair.small() : pair.growing()).measure(operation);
                Filling.Measured second = (smallFirst ? pair.growing() : pair.small()).measure(operation);
                results.add(operation, pair.name(), smallFirst ? second : first, smallFirst ? first : second);
            }
        }
    }
}
