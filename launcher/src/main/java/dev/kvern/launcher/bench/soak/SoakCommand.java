package dev.kvern.launcher.bench.soak;

import dev.kvern.launcher.UsageException;
import dev.kvern.launcher.bench.BenchRows;
import dev.kvern.launcher.bench.RowsOption;
import dev.kvern.runner.model.ModelConfig;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code kvern bench soak}. */
@Command(
        name = "soak",
        mixinStandardHelpOptions = true,
        description = {
            "Sends thousands of requests of every kind to a coordinator, a cache node and two model-runners, each a process"
                    + " of its own on this machine, with so little memory for blocks that they are evicted, offloaded,"
                    + " fetched and preempted all the time.",
            "Fails if a process's memory, threads or open files keep growing, if blocks are held while nothing is under way,"
                    + " if an answer differs from the first one to the same prompt, or if a request ends as it should not."
                    + " Linux only."
        })
public final class SoakCommand implements Callable<Integer> {
    private static final int QUICK_REQUESTS = 500;
    private static final int MOST_REQUESTS = 100_000_000;
    private static final int FOUND_SOMETHING = 1;

    @Option(
            names = "--model",
            paramLabel = "DIR",
            defaultValue = "${sys:kvern.home:-.}/model-runner/models/kvern-demo",
            description =
                    "Hugging Face model directory with a chat template (default: the model that comes with Kvern).")
    private Path model = Path.of("");

    @Option(
            names = "--requests",
            paramLabel = "N",
            defaultValue = "10000",
            description = "How many requests (default: ${DEFAULT-VALUE}; at most " + QUICK_REQUESTS + " with --quick).")
    private int requests;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the requests: equal seeds, equal requests (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Option(
            names = "--quick",
            description =
                    "A short run: to see that it works. Processes that have just started still grow, so it is allowed"
                            + " more.")
    private boolean quick;

    @Mixin
    private RowsOption rowsOption = new RowsOption();

    private final PrintStream out = System.out;

    @Override
    public Integer call() throws IOException {
        rowsOption.check();
        if (requests < 1 || requests > MOST_REQUESTS) {
            throw new UsageException("--requests: " + requests + " (expected: 1 to " + MOST_REQUESTS + ")");
        }
        var settings = new SoakSettings(
                model,
                ModelConfig.read(model.resolve("config.json")),
                quick ? Math.min(requests, QUICK_REQUESTS) : requests,
                seed);
        var rows = new BenchRows("soak", SoakReport.setting(settings));
        boolean passed = new Soak(settings, out).run(rows);
        rowsOption.write(rows);
        return passed ? 0 : FOUND_SOMETHING;
    }
}
