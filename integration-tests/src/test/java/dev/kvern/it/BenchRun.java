package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.launcher.JvmFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A benchmark that has run, as the kvern script would run it.
 *
 * @param printed on both of its streams
 * @param json the file of its rows, which may be missing
 */
record BenchRun(int exitValue, String printed, Path json) {
    /**
     * Runs it to its end.
     *
     * @param directory for its log and its rows
     * @param arguments after {@code kvern bench}
     */
    static BenchRun of(Path directory, long limitSeconds, String... arguments)
            throws IOException, InterruptedException {
        Path json = directory.resolve("rows.json");
        Path log = directory.resolve("bench.log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of("runner"));
        command.addAll(List.of("-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern", "bench"));
        command.addAll(List.of(arguments));
        command.addAll(List.of("--json", json.toString()));
        Process bench = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(bench.waitFor(limitSeconds, TimeUnit.SECONDS)).isTrue();
        } finally {
            bench.destroy();
        }
        return new BenchRun(bench.exitValue(), Files.readString(log), json);
    }

    /** The rows that it has written. */
    JsonNode rows() throws IOException {
        return new ObjectMapper().readTree(json.toFile());
    }
}
