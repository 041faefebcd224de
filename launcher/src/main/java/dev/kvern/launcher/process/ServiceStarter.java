package dev.kvern.launcher.process;

import dev.kvern.launcher.JvmFlags;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * How this machine's services are started.
 *
 * @param classPath where the launcher and all that it needs are
 * @param directory their working directory; each one's output goes to {@code NAME.log} in it
 * @param environment variables beside those of this process
 * @param prefix a command and its arguments that runs another one in its place, such as {@code taskset}; empty: none
 */
public record ServiceStarter(String classPath, Path directory, Map<String, String> environment, List<String> prefix) {
    public ServiceStarter {
        environment = Map.copyOf(environment);
        prefix = List.copyOf(prefix);
    }

    public ServiceStarter(String classPath, Path directory, Map<String, String> environment) {
        this(classPath, directory, environment, List.of());
    }

    /** In the environment of this process. */
    public ServiceStarter(String classPath, Path directory) {
        this(classPath, directory, Map.of());
    }

    /** Starts services from the class path of this JVM. */
    public static ServiceStarter fromOwnClassPath(Path directory) {
        return new ServiceStarter(System.getProperty("java.class.path"), directory);
    }

    /** The same by way of such a command. */
    public ServiceStarter under(List<String> command) {
        return new ServiceStarter(classPath, directory, environment, command);
    }

    /**
     * Starts {@code kvern <role> --set <setting>...} in a JVM of its own.
     *
     * @param name what messages call it; names its log
     * @param role "node", "runner" or "coordinator"
     * @param settings KEY=VALUE each
     */
    public ServiceProcess start(String name, String role, List<String> settings) {
        return start(name, role, settings, List.of());
    }

    /**
     * The same with JVM flags of the caller's own.
     *
     * @param jvmFlags beside those that the role has; of two that contradict each other the caller's hold
     */
    public ServiceProcess start(String name, String role, List<String> settings, List<String> jvmFlags) {
        var flags = new ArrayList<>(JvmFlags.of(role));
        flags.addAll(jvmFlags);
        var arguments = new ArrayList<>(List.of(role, "--exit-with-parent"));
        for (String setting : settings) {
            arguments.addAll(List.of("--set", setting));
        }
        return startMain(name, "dev.kvern.launcher.Kvern", flags, arguments);
    }

    /**
     * Starts a class's {@code main} in a JVM of its own. It must print a ready line, and end at the end of its input.
     *
     * @param name what messages call it; names its log
     */
    public ServiceProcess startMain(String name, String mainClass, List<String> jvmFlags, List<String> arguments) {
        var command = new ArrayList<>(prefix);
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmFlags);
        command.addAll(List.of("-cp", classPath, mainClass));
        command.addAll(arguments);
        try {
            var builder =
                    new ProcessBuilder(command).directory(directory.toFile()).redirectErrorStream(true);
            builder.environment().putAll(environment);
            return new ServiceProcess(name, builder.start(), directory.resolve(name + ".log"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
