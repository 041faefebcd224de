package dev.kvern.launcher;

import dev.kvern.runner.RunnerConfig;
import dev.kvern.runner.RunnerProcess;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvern runner}. */
@Command(
        name = "runner",
        mixinStandardHelpOptions = true,
        description =
                "Runs a model-runner: loads a model and serves generations, sharing KV blocks through the cache nodes.")
final class RunnerCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options = new ConfigOptions();

    @Override
    public Integer call() throws Exception {
        RunnerConfig config = options.load(RunnerConfig.loader());
        LogFormat.identify("runner", config.id());
        RunnerProcess process;
        try (var bar = new ProgressBar("loading " + config.model().path())) {
            process = RunnerProcess.start(config, bar);
        }
        return Service.run(process.readyLine(), process::close, process::awaitTermination, options.exitWithParent());
    }
}
