package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.launcher.JvmFlags;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A client command that has run, as the kvern script would run it.
 *
 * @param printed on both of its streams
 */
record CommandLineRun(int exitValue, String printed) {
    private static final long LIMIT_SECONDS = 120;

    /** Runs {@code kvern <arguments>} to its end. */
    static CommandLineRun of(String... arguments) throws IOException, InterruptedException {
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of("client"));
        command.addAll(List.of("-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern"));
        command.addAll(List.of(arguments));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try {
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            return new CommandLineRun(process.exitValue(), printed);
        } finally {
            process.destroy();
        }
    }

    /** What it printed, as JSON; fails if it has failed. */
    JsonNode json() throws IOException {
        assertThat(exitValue).as(printed).isZero();
        return new ObjectMapper().readTree(printed);
    }
}
