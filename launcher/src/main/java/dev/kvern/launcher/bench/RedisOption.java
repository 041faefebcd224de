package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;
import java.io.File;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which Redis server a benchmark compares with. */
public final class RedisOption {
    @Option(
            names = "--redis",
            paramLabel = "PATH",
            description = "The redis-server program (default: the one on the PATH).")
    private @Nullable Path redis;

    /**
     * The program; null if there is none, which is said.
     *
     * @throws UsageException if the one that was named is none
     */
    public @Nullable Path find(PrintStream out) {
        if (redis != null) {
            if (!Files.isRegularFile(redis) || !Files.isExecutable(redis)) {
                throw new UsageException("--redis: " + redis + " (expected: the redis-server program)");
            }
            return redis.toAbsolutePath();
        }
        String path = System.getenv("PATH");
        for (String directory : path == null ? new String[0] : path.split(File.pathSeparator)) {
            Path server = Path.of(directory, "redis-server");
            if (Files.isExecutable(server)) {
                return server.toAbsolutePath();
            }
        }
        out.println("no redis-server on the PATH: going on without its rows. To have them, install it (Debian, Ubuntu:"
                + " apt-get install redis-server) or name it with --redis PATH.");
        return null;
    }
}
