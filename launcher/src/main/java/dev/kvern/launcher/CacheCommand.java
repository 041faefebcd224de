package dev.kvern.launcher;

import com.fasterxml.jackson.databind.JsonNode;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code kvern cache}. */
@Command(
        name = "cache",
        mixinStandardHelpOptions = true,
        description = "Looks into the cluster's cache, and operates it.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            CacheLookupCommand.class,
            CacheDeleteCommand.class,
            CacheClearCommand.class,
            CacheDrainCommand.class,
            CacheRebalanceCommand.class
        })
final class CacheCommand implements Runnable {
    @Spec
    private CommandSpec spec = CommandSpec.create();

    @Override
    public void run() {
        throw new ParameterException(spec.commandLine(), "kvern cache: which command? See kvern cache --help.");
    }

    static void printJson(JsonNode json) {
        System.out.println(json.toPrettyString());
    }
}
