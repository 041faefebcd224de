package dev.kvern.launcher;

import dev.kvern.coordinator.CoordinatorConfig;
import dev.kvern.coordinator.CoordinatorProcess;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** {@code kvern coordinator}. */
@Command(
        name = "coordinator",
        mixinStandardHelpOptions = true,
        description = "Runs the coordinator: membership, routing, generation front door, dashboard.")
final class CoordinatorCommand implements Callable<Integer> {
    @Mixin
    private ConfigOptions options = new ConfigOptions();

    @Override
    public Integer call() throws Exception {
        CoordinatorConfig config = options.load(CoordinatorConfig.loader());
        LogFormat.identify("coordinator", "");
        CoordinatorProcess process = CoordinatorProcess.start(config);
        return Service.run(process.readyLine(), process::close, process::awaitTermination, options.exitWithParent());
    }
}
