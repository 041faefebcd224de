package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;
import dev.kvern.runner.model.DeviceSpec;
import dev.kvern.runner.model.LoadOptions;
import dev.kvern.runner.model.ModelConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern bench reuse}. */
@Command(
        name = "reuse",
        mixinStandardHelpOptions = true,
        description = {
            "Measures what reuse is worth: a cache node and two model-runners, each a process of its own on this machine.",
            "Time to the first token for prefixes that are computed, in the runner's own pool, in its host memory (if it has"
                    + " such a tier) and in the cluster; the shortest prefix that is worth fetching; and the speed of a"
                    + " running request while its runner fetches and offloads."
        })
final class ReuseBenchCommand implements Callable<Integer> {

    @Mixin
    private ModelOption model = new ModelOption();

    @Option(names = "--device", defaultValue = "cpu", description = "cpu, cuda or cuda:N (default: ${DEFAULT-VALUE}).")
    private String device = "";

    @Option(
            names = "--dtype",
            paramLabel = "TYPE",
            defaultValue = "auto",
            description = "Compute type of the runners (default: ${DEFAULT-VALUE}).")
    private String type = "";

    @Option(
            names = "--threads",
            paramLabel = "N",
            defaultValue = "0",
            description = "CPU threads of each runner; 0: as many as the machine has processors (default:"
                    + " ${DEFAULT-VALUE}). Only one of them computes at a time.")
    private int threads;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            defaultValue = "3",
            description = "How often everything is measured, after a warm-up (default: ${DEFAULT-VALUE}; at most 2 with"
                    + " --quick).")
    private int rounds;

    @Option(
            names = "--quick",
            description = "Prefixes of up to 512 tokens and 2 rounds: to see that it works, not to quote.")
    private boolean quick;

    @Option(
            names = "--longest",
            paramLabel = "TOKENS",
            defaultValue = "0",
            description =
                    "Longest prefix, if the model's context has room for it; 0: 8192 on the CPU, 16384 on CUDA, 512 with"
                            + " --quick (default: ${DEFAULT-VALUE}).")
    private int longest;

    @Option(
            names = "--unix-socket",
            description =
                    "Runners reach the node by a Unix domain socket and read its memory, as on one machine they do;"
                            + " without it they reach it by TCP, as on two.")
    private boolean unixSocket;

    @Mixin
    private RowsOption rowsOption = new RowsOption();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException {
        rowsOption.check();
        int often = Rounds.of(rounds, quick);
        if (threads < 0) {
            throw new UsageException("--threads: " + threads + " (expected: at least 0)");
        }
        DeviceSpec spec = LoadOptions.of(device, type, threads, 1).device();
        if (longest < 0) {
            throw new UsageException("--longest: " + longest + " (expected: 0, or a number of tokens)");
        }
        Path directory = model.directory(spec, out);
        var settings = new ReuseSettings(
                directory,
                ModelConfig.read(directory.resolve("config.json")),
                device,
                type,
                threads > 0 ? threads : Runtime.getRuntime().availableProcessors(),
                often,
                longest,
                quick,
                unixSocket);
        BenchRows rows = new ReuseBench(settings, out).run();
        rowsOption.write(rows);
        return 0;
    }
}
