package dev.kvern.launcher.demo;

import io.grpc.ManagedChannel;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code kvern demo}. */
@Command(
        name = "demo",
        mixinStandardHelpOptions = true,
        description = "Starts a cluster on this machine, sends it a scripted workload, and shows what was reused.")
public final class DemoCommand implements Callable<Integer> {
    @Option(names = "--once", description = "End after the closing table instead of staying up.")
    private boolean once;

    @Option(names = "--json", paramLabel = "FILE", description = "Write every request and the totals to FILE.")
    private @Nullable Path json;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:kvern.home:-.}/model-runner/models/kvern-demo",
            description = "Model directory (default: the model that comes with Kvern).")
    private Path model = Path.of("");

    @Option(
            names = "--workload",
            paramLabel = "FILE",
            defaultValue = "${sys:kvern.home:-.}/model-runner/models/demo-workload/workload.json",
            description = "The conversations (default: those that come with Kvern).")
    private Path workloadFile = Path.of("");

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "CPU threads of each runner; 0: half of the machine's.")
    private int threads;

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Workload workload = Workload.read(workloadFile);
        if (json != null) {
            // Said now, not after the whole run.
            Files.write(json, new byte[0], StandardOpenOption.CREATE, StandardOpenOption.APPEND);
        }
        Path directory = Files.createTempDirectory("kvern-demo-");
        try (var cluster = new DemoCluster()) {
            // Ctrl-C ends the children by this hook; if even that cannot run, they see their standard input end.
            var hook = new Thread(
                    () -> {
                        cluster.close();
                        deleteQuietly(directory);
                    },
                    "kvern-demo-shutdown");
            Runtime.getRuntime().addShutdownHook(hook);
            int status = run(workload, cluster, directory);
            Runtime.getRuntime().removeShutdownHook(hook);
            cluster.close();
            deleteQuietly(directory);
            return status;
        }
    }

    private int run(Workload workload, DemoCluster cluster, Path directory) throws IOException, InterruptedException {
        long begin = System.nanoTime();
        out.println("starting a coordinator, 2 cache nodes and 2 model-runners; logs in " + directory);
        int perRunner = threads > 0 ? threads : Math.max(1, Runtime.getRuntime().availableProcessors() / 2);
        cluster.start(model, perRunner, directory);
        ManagedChannel channel =
                NettyChannelBuilder.forTarget(cluster.grpc()).usePlaintext().build();
        try {
            var run = new DemoRun(channel, out);
            run.awaitMembers(DemoCluster.NODES.size() + DemoCluster.RUNNERS.size());
            out.printf(
                    "all are up after %.1f s; dashboard: http://%s/%n",
                    (System.nanoTime() - begin) / 1e9, cluster.http());
            DemoCluster.RUNNERS.forEach(run::warmUp);
            DemoReport report = run.run(workload);
            printClosing(report);
            run.routed(workload);
            if (json != null) {
                report.writeJson(json);
            }
        } finally {
            channel.shutdownNow();
        }
        out.println();
        out.println("dashboard: http://" + cluster.http() + "/");
        out.println("try:       ./kvern generate --target " + cluster.grpc() + " --prompt \"Hello\" --max-tokens 32");
        if (!once) {
            out.println("Ctrl-C stops everything.");
            out.flush();
            new CountDownLatch(1).await();
        }
        return 0;
    }

    private void printClosing(DemoReport report) {
        out.println();
        out.println(report.table());
        out.println();
        out.printf(
                "hit rate %.1f %%: of %,d prompt tokens %,d were not computed again (%,d from the runner's own pool, %,d from"
                        + " the cluster)%n",
                100 * report.hitRate(), report.requested(), report.saved(), report.local(), report.cluster());
        List<DemoReport.Pair> pairs = report.pairs();
        for (DemoReport.Pair pair : pairs) {
            out.printf(
                    "%s, %d tokens: first token after %.1f ms cold (%s), %.1f ms with the prefix from the cluster (%s): %.1f"
                            + " times sooner%n",
                    pair.warm().title(),
                    pair.warm().usage().getPromptTokens(),
                    pair.cold().answer().ttftMillis(),
                    pair.cold().answer().runner(),
                    pair.warm().answer().ttftMillis(),
                    pair.warm().answer().runner(),
                    pair.ratio());
        }
        report.longest()
                .ifPresent(pair -> out.printf(
                        "longest prompt: time to first token, cold over warm from the other machine: %.1f%n",
                        pair.ratio()));
    }

    private static void deleteQuietly(Path directory) {
        try (Stream<Path> paths = Files.walk(directory)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            // Files of ours in the directory for temporary files: the system clears it.
        }
    }
}
