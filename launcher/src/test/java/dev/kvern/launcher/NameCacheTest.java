package dev.kvern.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** In a JVM of its own, as the times are fixed by the first look-up, and with a file of names that changes. */
@Timeout(60)
class NameCacheTest {
    private static final String NAME = "members.kvern.test";

    /** Below the JVM's own 30 seconds for a name with an address. */
    private static final long SOON_SECONDS = 25;

    @TempDir
    private Path directory;

    @Test
    void aNameIsBelievedForAMoment() throws Exception {
        Path names = directory.resolve("hosts");
        Files.writeString(names, "192.0.2.1 other.kvern.test\n");
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Djdk.net.hosts.file=" + names,
                        "-cp",
                        System.getProperty("java.class.path"),
                        NameLookUps.class.getName())
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (Writer in = process.outputWriter(StandardCharsets.US_ASCII);
                var out = new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.US_ASCII))) {
            assertThat(ask(in, out)).isEqualTo("none");
            Files.writeString(names, "192.0.2.2 " + NAME + "\n");
            assertThat(ask(in, out)).as("a name that had no address").isEqualTo("192.0.2.2");
            Files.writeString(names, "192.0.2.3 " + NAME + "\n");
            awaitAnswer(in, out, "192.0.2.3");
        } finally {
            process.destroy();
        }
    }

    private static String ask(Writer in, BufferedReader out) {
        try {
            in.write(NAME + "\n");
            in.flush();
            return String.valueOf(out.readLine());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void awaitAnswer(Writer in, BufferedReader out, String expected) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(SOON_SECONDS);
        String answer = ask(in, out);
        while (!answer.equals(expected)) {
            assertThat(System.nanoTime() - deadline)
                    .as("still " + answer + " after " + SOON_SECONDS + " s")
                    .isNegative();
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
            answer = ask(in, out);
        }
    }
}
