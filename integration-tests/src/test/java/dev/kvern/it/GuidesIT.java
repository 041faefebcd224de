package dev.kvern.it;

import static dev.kvern.it.Requests.greedy;
import static org.assertj.core.api.Assertions.assertThat;

import dev.kvern.launcher.JvmFlags;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The guides' commands, as people would type them, against a cluster of processes. */
@Timeout(300)
class GuidesIT {
    private static final long LIMIT_SECONDS = 150;
    private static final Path MODEL = Path.of("../model-runner/models/kvern-demo");

    /** {@code sh} is run here, {@code bench} by the benchmarks' own tests; {@code console} needs Kubernetes. */
    private static final Set<String> KINDS = Set.of("sh", "console", "bench");

    @TempDir
    private Path directory;

    @Test
    void commandsDoWhatTheGuidesSay() throws Exception {
        Path kvern = kvernScript();
        try (var cluster = TestCluster.start(
                directory, Collections.nCopies(3, TestCluster.PATIENT_NODE), List.of(TestCluster.PATIENT_RUNNER))) {
            cluster.coordinator().generate(greedy(Requests.prompt(1, 300), 4));
            cluster.awaitIdle("runner-a");
            var environment = Map.of(
                    "COORDINATOR",
                    cluster.address(TestCluster.COORDINATOR, "grpc"),
                    "NODE",
                    "node-c",
                    "MODEL",
                    MODEL.toAbsolutePath().normalize().toString(),
                    "DIRECTORY",
                    directory.toString(),
                    "PATH",
                    kvern.getParent() + ":" + System.getenv("PATH"));

            String sizing = run("sizing.md", environment);
            assertThat(sizing).contains("bytes a token (fp32)", "on each of 3 nodes", "\"copies\":1");
            assertThat(run("performance.md", environment)).contains("hit rate");
            run("security.md", environment);
            assertThat(Files.readString(directory.resolve("keys.txt"))).matches("alice sha256:[0-9a-f]{64} acme\n");

            String runbook = run("runbook.md", environment);
            assertThat(runbook).contains("settled", "node-c", "namespace", "blocks deleted", "hit rate");
            assertThat(cluster.process("node-c").awaitEnd(60))
                    .as("the drained node")
                    .isZero();
        }
    }

    @Test
    void everyFenceIsOfAKindThatSomethingRuns() throws IOException {
        try (Stream<Path> guides = Files.list(Guide.DIRECTORY)) {
            for (Path guide :
                    guides.filter(path -> path.toString().endsWith(".md")).toList()) {
                assertThat(KINDS)
                        .as("%s", guide)
                        .containsAll(Guide.read(guide.getFileName().toString()).kinds());
            }
        }
    }

    @Test
    void theRunbookKnowsEveryAlert() throws IOException {
        String runbook = Guide.read("runbook.md").text();
        List<String> alerts = Files.readAllLines(Path.of("../deploy/prometheus/alerts.yaml")).stream()
                .map(String::strip)
                .filter(line -> line.startsWith("- alert: "))
                .map(line -> line.substring("- alert: ".length()))
                .toList();
        assertThat(alerts)
                .hasSizeGreaterThan(10)
                .allSatisfy(alert -> assertThat(runbook).contains("`" + alert + "`"));
    }

    /** The command under the name that the guides use; the script in the repository would build first. */
    private Path kvernScript() throws IOException {
        String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
        String flags = JvmFlags.of("client").stream().collect(Collectors.joining(" "));
        Path script = Files.createDirectories(directory.resolve("bin")).resolve("kvern");
        Files.writeString(
                script,
                "#!/bin/sh\nexec '" + java + "' " + flags + " -cp '" + Source.CLASS_PATH
                        + "' dev.kvern.launcher.Kvern \"$@\"\n");
        assertThat(script.toFile().setExecutable(true)).isTrue();
        return script;
    }

    /** Runs all of a guide's commands, in one shell; returns what they printed. */
    private static String run(String guide, Map<String, String> environment) throws IOException, InterruptedException {
        String script = String.join("\n", Guide.read(guide).blocks("sh"));
        assertThat(script).isNotBlank();
        var builder = new ProcessBuilder("bash", "-euxo", "pipefail", "-c", script).redirectErrorStream(true);
        builder.environment().putAll(environment);
        Process shell = builder.start();
        try {
            shell.getOutputStream().close();
            String printed = new String(shell.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(shell.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)).isTrue();
            assertThat(shell.exitValue()).as("%s: %s", guide, printed).isZero();
            return printed;
        } finally {
            shell.destroyForcibly();
        }
    }
}
