package dev.kvern.it;

import static dev.kvern.it.Requests.greedy;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The dashboard of a running cluster in headless Chromium; {@code npm/dashboard.mjs} says what is looked at. Skipped where npm or
 * Chromium is missing.
 */
class DashboardIT {
    private static final Path NPM = Path.of("npm").toAbsolutePath();
    private static final int NPM_SECONDS = 180;
    private static final String DOCUMENT =
            "The handbook of the northern harbour says when each gate opens and who keeps its key. ".repeat(40);

    /** Longer than a block, so that prompts part in the tree. */
    private static final String QUESTION =
            "Question %d: which gate opens first in the morning, and who keeps its key at that hour of the day?";

    @TempDir
    private Path directory;

    @Test
    @Timeout(600)
    void showsWhatHappensInABrowser() throws IOException, InterruptedException {
        Optional<Path> chromium = onPath("chromium", "chromium-browser", "google-chrome");
        assumeTrue(onPath("npm").isPresent(), "npm is not on the PATH: the dashboard was not looked at");
        assumeTrue(chromium.isPresent(), "no Chromium is on the PATH: the dashboard was not looked at");
        install();
        Path screenshots =
                Files.createDirectories(Path.of("target", "dashboard").toAbsolutePath());
        try (var cluster = TestCluster.start(directory, 2, 2, TestCluster.PATIENT_RUNNER.toArray(String[]::new))) {
            workload(cluster);
            Process page = new ProcessBuilder(
                            "node",
                            "dashboard.mjs",
                            "http://" + cluster.address(TestCluster.COORDINATOR, "http") + "/",
                            chromium.get().toString(),
                            screenshots.toString())
                    .directory(NPM.toFile())
                    .redirectErrorStream(true)
                    .start();
            try {
                String said = serve(page, cluster);
                assertThat(page.waitFor(20, TimeUnit.SECONDS)).isTrue();
                assertThat(page.exitValue()).as(said).isZero();
                assertThat(said).contains("ok no errors in the console");
            } finally {
                page.destroyForcibly();
            }
        }
    }

    /** One document asked about on both machines, then of whoever is best; and prompts of their own. */
    private static void workload(TestCluster cluster) {
        for (int i = 0; i < 8; i++) {
            var request = greedy(Requests.text(DOCUMENT + QUESTION.formatted(i % 3)), 6);
            if (i < 4) {
                request.setRunnerId(i % 2 == 0 ? "runner-a" : "runner-b");
            }
            cluster.coordinator().generate(request);
        }
        cluster.coordinator().generate(greedy(Requests.prompt(5, 700), 6));
    }

    /** Does what the browser's side asks for until it ends; returns all that it said. */
    private static String serve(Process page, TestCluster cluster) throws IOException {
        var said = new StringBuilder();
        try (BufferedReader lines = page.inputReader(StandardCharsets.UTF_8);
                Writer done = page.outputWriter(StandardCharsets.UTF_8)) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                said.append(line).append('\n');
                if (line.equals("want request")) {
                    cluster.coordinator().generate(greedy(Requests.text(DOCUMENT + "And now?"), 6));
                } else if (line.equals("want kill")) {
                    cluster.kill("node-b");
                } else {
                    continue;
                }
                done.write("done\n");
                done.flush();
            }
        }
        return said.toString();
    }

    private static void install() throws IOException, InterruptedException {
        if (Files.isDirectory(NPM.resolve("node_modules/playwright-core"))) {
            return;
        }
        Process npm = new ProcessBuilder("npm", "ci", "--no-audit", "--no-fund")
                .directory(NPM.toFile())
                .redirectErrorStream(true)
                .start();
        npm.getOutputStream().close();
        var said = new ArrayList<String>();
        try (var lines = new BufferedReader(new InputStreamReader(npm.getInputStream(), StandardCharsets.UTF_8))) {
            lines.lines().forEach(said::add);
        }
        boolean ended = npm.waitFor(NPM_SECONDS, TimeUnit.SECONDS);
        npm.destroyForcibly();
        assumeTrue(
                ended && npm.exitValue() == 0,
                "npm ci does not reach a registry: the dashboard was not looked at\n" + String.join("\n", said));
    }

    private static Optional<Path> onPath(String... names) {
        List<String> directories =
                List.of(System.getenv().getOrDefault("PATH", "").split(File.pathSeparator));
        return Stream.of(names)
                .flatMap(name -> directories.stream().map(each -> Path.of(each).resolve(name)))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
