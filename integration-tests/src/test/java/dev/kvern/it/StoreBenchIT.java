package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
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
        BenchRun bench = BenchRun.of(
                directory, LIMIT_SECONDS, "store", "--quick", "--rounds", "1", "--working-set", "8", "--seed", "1");
        String printed = bench.printed();
        assertThat(bench.exitValue()).as(printed).isZero();

        var seen = new ArrayList<String>();
        for (JsonNode row : bench.rows()) {
            seen.add(row.get("case").asText() + ", " + row.get("variant").asText());
            assertThat(row.get("median").asDouble()).as("%s", row).isPositive();
            assertThat(row.get("bytes").asInt()).as("%s", row).isEqualTo(WORKING_SET_BYTES);
            assertThat(row.get("p99_ms").asDouble())
                    .as("%s", row)
                    .isGreaterThanOrEqualTo(row.get("p50_ms").asDouble());
        }
        for (String operation : new String[] {"PUT", "GET", "GET again"}) {
            for (String connections : new String[] {"1 connection", "4 connections"}) {
                String subject = operation + " 1 MiB, " + connections + ", ";
                assertThat(seen).contains(subject + "kvern", subject + "kvern unix", subject + "socket");
                // On a machine without Redis it says so.
                assertThat(seen.contains(subject + "redis")).isNotEqualTo(printed.contains("no redis-server"));
            }
        }
    }
}
