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

/** The benchmark of reuse against real processes: that it measures what it says. How fast that is, is not asserted. */
class BenchIT {
    private static final long LIMIT_SECONDS = 240;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void measuresEveryKindOfHit() throws IOException, InterruptedException {
        Path json = directory.resolve("rows.json");
        Path log = directory.resolve("bench.log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of("runner"));
        command.addAll(List.of("-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern", "bench", "reuse", "--quick"));
        command.addAll(List.of("--rounds", "1", "--threads", "1", "--model", Source.MODEL.toString()));
        command.addAll(List.of("--json", json.toString()));
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
        assertThat(printed).contains("cluster hit", "worth fetching", "decode beside");

        var seen = new ArrayList<String>();
        for (JsonNode row : new ObjectMapper().readTree(json.toFile())) {
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
