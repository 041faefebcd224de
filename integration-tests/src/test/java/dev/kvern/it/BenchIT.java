package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The benchmark of reuse against real processes: that it measures what it says. How fast that is, is not asserted. */
class BenchIT {
    private static final long LIMIT_SECONDS = 240;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void measuresEveryKindOfHit() throws IOException, InterruptedException {
        BenchRun bench = BenchRun.of(
                directory,
                LIMIT_SECONDS,
                "reuse",
                "--quick",
                "--rounds",
                "1",
                "--threads",
                "1",
                "--model",
                Source.MODEL.toString());
        String printed = bench.printed();
        assertThat(bench.exitValue()).as(printed).isZero();
        assertThat(printed).contains("cluster hit", "worth fetching", "decode beside");

        var seen = new ArrayList<String>();
        for (JsonNode row : bench.rows()) {
            String subject = row.get("case").asText();
            String variant = row.get("variant").asText();
            seen.add(subject + ", " + variant);
            assertThat(row.get("median").asDouble()).as("%s", row).isPositive();
            if (variant.equals("local hit") || variant.equals("cluster hit") && subject.startsWith("TTFT")) {
                assertThat(row.get("reused_tokens").asInt())
                        .as("%s", row)
                        .isEqualTo(row.get("prefix_tokens").asInt());
            }
        }
        for (int prefix : new int[] {64, 128, 256, 512}) {
            for (String variant : new String[] {"cold", "computed, tier not asked", "local hit", "cluster hit"}) {
                assertThat(seen).contains("TTFT, prefix " + prefix + ", " + variant);
            }
        }
        assertThat(seen).contains("decode beside, nothing", "decode beside, fetching");
    }
}
