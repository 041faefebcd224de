package dev.kvern.launcher;

import dev.kvern.config.ConfigException;
import dev.kvern.launcher.bench.BenchCommand;
import dev.kvern.launcher.demo.DemoCommand;
import dev.kvern.rpc.KvernException;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvern}. Exit codes: 0 done, 1 failed, 2 wrong usage or configuration. */
@Command(
        name = "kvern",
        mixinStandardHelpOptions = true,
        description =
                "A cluster-wide KV cache for LLM inference: a prompt prefix computed on one machine is reused on every"
                        + " other.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            CoordinatorCommand.class,
            NodeCommand.class,
            RunnerCommand.class,
            GenerateCommand.class,
            StatsCommand.class,
            HealthCommand.class,
            CacheCommand.class,
            KeysCommand.class,
            SizeCommand.class,
            VerifyModelCommand.class,
            BenchCommand.class
        })
public final class Kvern implements Runnable {
    static final int FAILED = 1;
    private static final int MISUSED = 2;

    @Spec
    private CommandSpec spec = CommandSpec.create();

    private Kvern() {}

    public static void main(String[] args) {
        NameCache.keepShort();
        // Before any class that logs.
        try {
            LogFormat.choose(System.getenv(), args.length == 0 ? "" : args[0]);
        } catch (UsageException e) {
            System.err.println("kvern: " + e.getMessage());
            System.exit(MISUSED);
        }
        System.exit(commandLine().execute(args));
    }

    /** As the build wrote it into the jar. */
    private static String version() {
        String version = Kvern.class.getPackage().getImplementationVersion();
        return "kvern " + (version == null ? "development" : version);
    }

    static CommandLine commandLine() {
        var line = new CommandLine(new Kvern());
        String version = version();
        line.getCommandSpec().version(version);
        line.getSubcommands().values().forEach(command -> {
            command.getCommandSpec().version(version);
            command.getSubcommands()
                    .values()
                    .forEach(sub -> sub.getCommandSpec().version(version));
        });
        return line.setCaseInsensitiveEnumValuesAllowed(true)
                .setExecutionExceptionHandler((failure, command, parsed) -> explain(failure, command.getErr()));
    }

    /** A failure that has a message for people gets that message; only a defect gets a stack trace. */
    private static int explain(Exception failure, PrintWriter err) {
        if (failure instanceof ConfigException) {
            err.println(failure.getMessage());
            return MISUSED;
        }
        if (failure instanceof KvernException || failure instanceof UsageException) {
            err.println("kvern: " + failure.getMessage());
        } else if (failure instanceof StatusRuntimeException e) {
            err.println("kvern: " + describe(e.getStatus()));
        } else if (failure instanceof IOException || failure instanceof UncheckedIOException) {
            err.println("kvern: " + failure);
        } else {
            failure.printStackTrace(err);
        }
        return failure instanceof UsageException ? MISUSED : FAILED;
    }

    /** Code and description; of a server that cannot be reached also why, which gRPC leaves to the cause. */
    private static String describe(Status status) {
        var text = new StringBuilder(status.getCode().name());
        if (status.getDescription() != null) {
            text.append(": ").append(status.getDescription());
        }
        if (status.getCode() == Status.Code.UNAVAILABLE && status.getCause() != null) {
            text.append(": ").append(status.getCause().getMessage());
        }
        return text.toString();
    }

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "kvern: which command? See kvern --help.");
    }
}
