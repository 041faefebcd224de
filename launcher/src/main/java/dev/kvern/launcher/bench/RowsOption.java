package dev.kvern.launcher.bench;

import dev.kvern.launcher.UsageException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where a benchmark's rows go besides the terminal. */
public final class RowsOption {
    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Write the rows to FILE: bench, case, variant, median, min, max, unit, ratio and more.")
    private @Nullable Path file;

    /** Refuses a file that cannot be written before minutes are spent on what should go into it. */
    public void check() {
        if (file == null) {
            return;
        }
        Path directory = file.toAbsolutePath().getParent();
        if (Files.isDirectory(file) || directory == null || !Files.isWritable(directory)) {
            throw new UsageException("--json: " + file + " (expected: a file in a directory that can be written)");
        }
    }

    public void write(BenchRows rows) throws IOException {
        if (file != null) {
            rows.writeJson(file);
        }
    }
}
