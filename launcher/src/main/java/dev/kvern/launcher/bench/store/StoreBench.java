package dev.kvern.launcher.bench.store;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RedisServer;
import dev.kvern.launcher.bench.TemporaryDirectory;
import dev.kvern.launcher.process.ServiceStarter;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;

/** Runs {@code bench store} against servers of its own. Confined to a thread. */
final class StoreBench {
    private final StoreSettings settings;
    private final PrintStream out;
    private final Random random;
    private final List<StoreCase> cases = new ArrayList<>();
    private final Map<Integer, Payload> payloads = new HashMap<>();

    StoreBench(StoreSettings settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
        this.random = new Random(settings.seed());
        for (int valueBytes : settings.valueBytes()) {
            payloads.put(valueBytes, new Payload(valueBytes, random));
            settings.connections().forEach(connections -> cases.add(new StoreCase(valueBytes, connections)));
        }
    }

    BenchRows run() throws IOException {
        var opened = new ArrayDeque<AutoCloseable>();
        try (var directory = TemporaryDirectory.create("kvern-bench-")) {
            out.println("starting the stores; logs in " + directory.path() + "; seed " + settings.seed());
            try {
                return measure(exercises(directory.path(), opened));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
            } finally {
                // Before the directory that their files are in.
                closeAll(opened);
            }
        }
    }

    private List<Exercise> exercises(Path directory, ArrayDeque<AutoCloseable> opened) throws IOException {
        var starter = ServiceStarter.fromOwnClassPath(directory);
        var contenders = new ArrayList<StoreContender>();
        if (settings.stores().contains(StoreKind.KVERN) || settings.stores().contains(StoreKind.UNIX)) {
            StoreNode node = StoreNode.start(starter, settings, out);
            opened.push(node);
            if (settings.stores().contains(StoreKind.KVERN)) {
                contenders.add(new KvernContender(StoreKind.KVERN.label(), node, node.address()));
            }
            if (settings.stores().contains(StoreKind.UNIX)) {
                contenders.add(new KvernContender(StoreKind.UNIX.label(), node, node.unixTarget()));
            }
        }
        if (settings.redis() != null) {
            var redis = new RedisContender(
                    RedisServer.start(settings.redis(), RedisServer.NAME, directory, settings.regionBytes()));
            opened.push(redis);
            contenders.add(redis);
        }
        if (settings.stores().contains(StoreKind.SOCKET)) {
            var socket = new SocketContender(starter, settings.largestValueBytes());
            opened.push(socket);
            contenders.add(socket);
        }
        Allocations client = Allocations.ofThisProcess();
        var exercises = new ArrayList<Exercise>();
        for (StoreContender contender : contenders) {
            var exercise = new Exercise(contender, settings, client);
            opened.push(exercise);
            exercises.add(exercise);
        }
        return exercises;
    }

    /** The last one opened first. */
    private void closeAll(ArrayDeque<AutoCloseable> opened) {
        for (AutoCloseable each : opened) {
            try {
                each.close();
            } catch (Exception e) {
                out.println("not closed: " + e);
            }
        }
    }

    private BenchRows measure(List<Exercise> exercises) throws InterruptedException {
        out.println("warm-up");
        round(exercises, new StoreResults());
        var results = new StoreResults();
        for (int round = 1; round <= settings.rounds(); round++) {
            out.println("round " + round + " of " + settings.rounds());
            round(exercises, results);
        }
        var rows = new BenchRows(
                "store",
                Map.of(
                        "seed", settings.seed(),
                        "rounds", settings.rounds(),
                        "processors", Runtime.getRuntime().availableProcessors()));
        results.addTo(
                rows,
                cases,
                exercises.stream().map(each -> each.contender().name()).toList());
        out.println();
        out.println(StoreReport.table(rows));
        return rows;
    }

    /** Cases in random order, and in each one the stores, one right after the other. */
    private void round(List<Exercise> exercises, StoreResults results) throws InterruptedException {
        var order = new ArrayList<>(cases);
        Collections.shuffle(order, random);
        for (StoreCase one : order) {
            var turn = new ArrayList<>(exercises);
            Collections.shuffle(turn, random);
            for (Exercise exercise : turn) {
                Payload payload = Objects.requireNonNull(payloads.get(one.valueBytes()));
                results.add(one, exercise.contender().name(), exercise.run(one, payload, random));
            }
        }
    }
}
