package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.TemporaryDirectory;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.MemberStats;
import io.grpc.Channel;
import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs a soak against processes of its own. Confined to a thread. */
final class Soak {
    private final SoakSettings settings;
    private final PrintStream out;
    private final Tally tally = new Tally();
    private final List<Checkpoint> checkpoints = new ArrayList<>();
    private final List<String> complaints = new ArrayList<>();
    private long begunAt;

    Soak(SoakSettings settings, PrintStream out) {
        this.settings = settings;
        this.out = out;
    }

    /** @return whether it found nothing; all rows are in {@code rows} */
    boolean run(BenchRows rows) throws IOException {
        try (var stalls = new StallWatch()) {
            serve();
            SoakVerdict verdict = SoakVerdict.of(settings, checkpoints, tally, complaints);
            SoakPaths paths = SoakPaths.of(checkpoints.get(checkpoints.size() - 1));
            SoakReport.addTo(rows, verdict, paths, tally);
            out.println(SoakReport.text(verdict, paths, tally));
            if (stalls.count() > 0) {
                out.printf(
                        "this machine stood still %d times, for up to %.1f s: calls may have failed, and services have"
                                + " complained, for that%n",
                        stalls.count(), stalls.longestSeconds());
            }
            return verdict.passed();
        }
    }

    private void serve() throws IOException {
        try (var directory = TemporaryDirectory.create("kvern-soak-");
                var cluster = new SoakCluster(settings, directory.path())) {
            out.println("starting a coordinator, a cache node and 2 model-runners; logs in " + directory.path());
            cluster.start();
            ManagedChannel channel = NettyChannelBuilder.forTarget(cluster.coordinator())
                    .usePlaintext()
                    .build();
            var probes = new LinkedHashMap<String, ProcessProbe>();
            try {
                cluster.processes().forEach((name, process) -> probes.put(name, ProcessProbe.attach(process)));
                send(channel, probes);
                cluster.processes().values().forEach(process -> complaints.addAll(LogComplaints.of(process)));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
            } finally {
                probes.values().forEach(ProcessProbe::close);
                channel.shutdownNow();
            }
        }
    }

    private void send(Channel coordinator, Map<String, ProcessProbe> probes) throws InterruptedException {
        var view = new ClusterView(coordinator, probes.size() - 1);
        var workload = new SoakWorkload(
                settings.seed(),
                settings.config().vocabularySize(),
                settings.config().contextTokens(),
                SoakCluster.RUNNERS);
        view.awaitIdle();
        begunAt = System.nanoTime();
        checkpoint(0, view, probes);
        try (var load = new SoakLoad(coordinator, tally)) {
            for (int sent = 1; sent <= settings.requests(); sent++) {
                load.send(workload.next());
                if (sent % settings.requestsBetweenCheckpoints() == 0 || sent == settings.requests()) {
                    load.drain();
                    checkpoint(sent, view, probes);
                }
            }
        }
    }

    private void checkpoint(int sent, ClusterView view, Map<String, ProcessProbe> probes) {
        Map<String, MemberStats> members = view.awaitIdle();
        var figures = new LinkedHashMap<String, ProcessFigures>();
        probes.forEach((name, probe) -> figures.put(name, probe.read()));
        var checkpoint = new Checkpoint(sent, (System.nanoTime() - begunAt) / 1e9, figures, members);
        checkpoints.add(checkpoint);
        out.println(SoakReport.text(checkpoint));
        out.println();
    }
}
