package dev.kvern.launcher.bench;

import dev.kvern.launcher.bench.scale.ScaleCommand;
import dev.kvern.launcher.bench.soak.SoakCommand;
import dev.kvern.launcher.bench.store.StoreCommand;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvern bench}. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures Kvern on this machine. Run it on one that is otherwise idle.",
        synopsisSubcommandLabel = "BENCHMARK",
        subcommands = {
            EngineBenchCommand.class,
            ReuseBenchCommand.class,
            ScaleCommand.class,
            SoakCommand.class,
            StoreCommand.class
        })
public final class BenchCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(
                spec.commandLine(), "kvern bench: which benchmark? engine, reuse, scale, soak or store.");
    }
}
