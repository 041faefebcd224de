package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;

/** The tests that are written in JavaScript, in {@code npm}. Confined to a thread. */
final class NpmProject {
    private static final Path DIRECTORY = Source.ROOT.resolve("integration-tests/npm");
    private static final long INSTALL_SECONDS = 240;
    private static final long TEST_SECONDS = 240;

    private final Path logs;

    private NpmProject(Path logs) {
        this.logs = logs;
    }

    /** Skips the test where there is no npm; else installs what the lock file names, if it is not there yet. */
    static NpmProject installed(Path logs) {
        Assumptions.assumeTrue(
                isThere("npm") && isThere("node"), "no npm here: install Node.js 20 or newer to run this");
        var project = new NpmProject(logs);
        if (!isNewer(DIRECTORY.resolve("node_modules/.package-lock.json"), DIRECTORY.resolve("package-lock.json"))) {
            project.run(
                    "npm-ci",
                    INSTALL_SECONDS,
                    Map.of(),
                    List.of("npm", "ci", "--prefer-offline", "--no-audit", "--no-fund"));
        }
        return project;
    }

    /** Runs a file's tests and fails with what they print if one of them does. */
    void test(String file, Map<String, String> environment) {
        run(file, TEST_SECONDS, environment, List.of("node", "--test", file));
    }

    private void run(String name, long limitSeconds, Map<String, String> environment, List<String> command) {
        Path log = logs.resolve(name + ".log");
        try {
            var builder = new ProcessBuilder(command)
                    .directory(DIRECTORY.toFile())
                    .redirectErrorStream(true)
                    .redirectOutput(log.toFile());
            builder.environment().putAll(environment);
            Process process = builder.start();
            try {
                boolean ended = process.waitFor(limitSeconds, TimeUnit.SECONDS);
                assertThat(ended && process.exitValue() == 0)
                        .as(
                                "%s %s:%n%s",
                                String.join(" ", command), ended ? "failed" : "did not end", Files.readString(log))
                        .isTrue();
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            fail("interrupted", e);
        }
    }

    private static boolean isThere(String command) {
        try {
            return new ProcessBuilder(command, "--version")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            return false;
        } catch (InterruptedException e) {
            return fail("interrupted", e);
        }
    }

    private static boolean isNewer(Path made, Path from) {
        try {
            return Files.exists(made)
                    && Files.getLastModifiedTime(made).compareTo(Files.getLastModifiedTime(from)) >= 0;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
