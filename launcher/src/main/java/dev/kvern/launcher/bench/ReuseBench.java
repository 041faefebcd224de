package dev.kvern.launcher.bench;

import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.io.PrintStream;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Runs {@code bench reuse} against processes of its own. Confined to a thread. */
final class ReuseBench {
    private final ReuseSettings settings;
    private final PrintStream out;

    ReuseBench(ReuseSettings settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    BenchRows run() throws IOException {
        try (var directory = TemporaryDirectory.create("kvern-bench-");
                var cluster = new ReuseCluster(settings, directory.path())) {
            out.println("starting a cache node and model-runners; logs in " + directory.path());
            try (var node = new NodeClient(cluster.startNode());
                    var first = client(cluster.startRunner("runner-1", settings.poolBytes(), List.of()));
                    var second = client(cluster.startRunner("runner-2", settings.poolBytes(), List.of()));
                    @Nullable HostTierRunner host = HostTierRunner.start(cluster, settings, first.kvBytesPerToken())) {
                return measure(
                        new PrefixBench(settings, first, second, host, node),
                        new TrafficBench(settings, first, node, out));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
            }
        }
    }

    private RunnerClient client(ServiceProcess runner) {
        return new RunnerClient(ReuseCluster.address(runner), settings.chunkTokens());
    }

    private BenchRows measure(PrefixBench prefixes, TrafficBench traffic) throws InterruptedException {
        out.println("warm-up");
        prefixes.warmUp();
        var times = new PrefixTimes(settings.lengths());
        for (int round = 1; round <= settings.rounds(); round++) {
            out.println("prefixes: round " + round + " of " + settings.rounds());
            prefixes.round(times);
        }
        traffic.prepare();
        for (int round = 1; round <= settings.rounds(); round++) {
            out.println("decode beside traffic: round " + round + " of " + settings.rounds());
            traffic.round();
        }
        var rows = new BenchRows(
                "reuse",
                Map.of(
                        "threads",
                        settings.threads(),
                        "device",
                        settings.device(),
                        "dtype",
                        settings.type(),
                        "unix_socket",
                        settings.unixSocket()));
        times.addTo(rows);
        times.breakEven()
                .ifPresent(tokens -> rows.add(rows.row(
                        ReuseReport.BREAK_EVEN, "cluster hit", "tokens", new Samples(List.of((double) tokens)))));
        traffic.addTo(rows);
        out.println();
        out.println(ReuseReport.text(settings.lengths(), rows));
        return rows;
    }
}
