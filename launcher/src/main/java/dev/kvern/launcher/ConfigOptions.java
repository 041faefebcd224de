package dev.kvern.launcher;

import dev.kvern.config.ConfigException;
import dev.kvern.config.ConfigLoader;
import dev.kvern.config.Validated;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options that every service has. */
final class ConfigOptions {
    @Option(names = "--config", paramLabel = "FILE", description = "YAML file; what it leaves out keeps its default.")
    private @Nullable Path file;

    @Option(
            names = "--set",
            paramLabel = "KEY=VALUE",
            description = "Sets one key, such as listen.grpc_port=7400; may be repeated; wins over the file.")
    private List<String> overrides = new ArrayList<>();

    @Option(
            names = "--exit-with-parent",
            hidden = true,
            description = "Stop when standard input ends: for a parent that may die without saying so.")
    private boolean exitWithParent;

    /** Loads the configuration and prints it. */
    <T extends Record & Validated> T load(ConfigLoader<T> loader) throws ConfigException {
        ConfigLoader.Loaded<T> loaded = loader.load(file, overrides);
        System.out.println("effective configuration:");
        loaded.effectiveYaml().lines().forEach(line -> System.out.println("  " + line));
        System.out.flush();
        return loaded.config();
    }

    boolean exitWithParent() {
        return exitWithParent;
    }
}
