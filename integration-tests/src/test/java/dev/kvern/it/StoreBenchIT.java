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
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark of stores against real ones: that it moves what it says. How fast that is, is not asserted. */
class StoreBenchIT {
    private static final long LIMIT_SECONDS = 120;
    private static final int WORKING_SET_BYTES = 8 << 20;

    @TempDir
    private Path directory;

    @Test
    @Timeout(180)
    void movesEveryByteOfEveryCase() throws IOException, InterruptedException {
        Path json = directory.resolve("rows.json");
        Path log = directory.resolve("bench.log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of("runner"));
        command.addAll(List.of("-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern", "bench", "store", "--quick"));
        command.addAll(List.of("--rounds", "1", "--working-set", "8", "--seed", "1", "--json", json.toString()));
        Process bench = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        try {
            assertThat(bench.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
        } finally {
            bench.destroy();
        }
        String printed = Files.readString(log);
        assertThat(bench.exitValue()).as(printed).isZero();

        var seen = new ArrayList<String>();
        for (JsonNode row : new ObjectMapper().readTree(json.toFile())) {
            seen.add(row.get("case").asText() + ", " + row.get("variant").asText());
            assertThat(row.get("median").asDouble()).as("%s", row).isPositive();
            assertThat(row.get("bytes").asInt()).as("%s", row).isEqualTo(WORKING_SET_BYTES);
            assertThat(row.get("p99_ms").asDouble())
                    .as("%s", row)
                    .isGreaterThanOrEqualTo(row.get("p50_ms").asDouble());
        }
        for (String operation : new String[] {"GET", "PUT"}) {
            for (String connections : new String[] {"1 connection", "4 connections"}) {
                String subject = operation + " 1 MiB, " + connections + ", ";
                assertThat(seen).contains(subject + "kvern", subject + "kvern unix", subject + "socket");
                // On a machine without Redis it says so.
                assertThat(seen.contains(subject + "redis")).isNotEqualTo(printed.contains("no redis-server"));
            }
        }
    }
}
