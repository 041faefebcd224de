package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.kvern.launcher.JvmFlags;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The demo as its command runs it: what it prints, what it writes, and that it leaves nobody behind. */
class DemoIT {
    private static final long LIMIT_SECONDS = 60;

    @TempDir
    private Path directory;

    @Test
    @Timeout(300)
    void reusesAcrossMachinesAndSaysSo() throws IOException, InterruptedException {
        Path json = directory.resolve("demo.json");
        Path log = directory.resolve("demo.log");
        var command = new ArrayList<String>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(JvmFlags.of("client"));
        command.addAll(List.of("-Dkvern.home=" + Source.ROOT, "-cp", Source.CLASS_PATH, "dev.kvern.launcher.Kvern"));
        command.addAll(List.of("demo", "--once", "--json", json.toString()));
        Process demo = new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile())
                .start();
        // Children end with the demo's own end; they are noted while it runs.
        var children = new ArrayList<ProcessHandle>();
        while (!demo.waitFor(1, TimeUnit.SECONDS)) {
            demo.descendants().filter(child -> !children.contains(child)).forEach(children::add);
        }
        String printed = Files.readString(log);
        assertThat(demo.exitValue()).as(printed).isZero();
        assertThat(children).hasSizeGreaterThanOrEqualTo(5);
        for (ProcessHandle child : children) {
            assertThat(child.onExit()).succeedsWithin(Duration.ofSeconds(LIMIT_SECONDS));
        }
        assertThat(printed)
                .contains("== The same document asked about twice", "hit rate", "longest prompt", "dashboard:");

        JsonNode report = new ObjectMapper().readTree(json.toFile());
        long requested = 0;
        long saved = 0;
        String before = "";
        boolean crossed = false;
        for (JsonNode request : report.get("requests")) {
            int prompt = request.get("prompt_tokens").asInt();
            int local = request.get("cached_local_tokens").asInt()
                    + request.get("cached_host_tokens").asInt();
            int cluster = request.get("cached_cluster_tokens").asInt();
            assertThat(local + cluster + request.get("computed_tokens").asInt())
                    .as("%s", request)
                    .isEqualTo(prompt);
            assertThat(request.get("ttft_ms").asDouble()).isPositive();
            assertThat(request.get("output_token_ids")).isNotEmpty();
            assertThat(request.get("output_text").asText()).as("a sentence").matches("(?s)[A-Z].*[.?!]");
            assertThat(request.get("runner").asText()).isNotEqualTo(before);
            before = request.get("runner").asText();
            crossed |= local == 0 && cluster > prompt / 2;
            requested += prompt;
            saved += local + cluster;
        }
        assertThat(crossed).as("a prompt taken from the other machine").isTrue();
        JsonNode totals = report.get("totals");
        assertThat(totals.get("tokens_saved").asLong()).isEqualTo(saved);
        assertThat(totals.get("hit_rate").asDouble()).isEqualTo((double) saved / requested);
        // How much sooner the first token came is measured, not asserted: other work may run on this machine.
        System.out.printf(
                "demo: hit rate %.3f, time to first token cold over other machine's %.1f%n",
                totals.get("hit_rate").asDouble(),
                totals.get("ttft_cold_over_cluster_hit").asDouble());
    }
}
