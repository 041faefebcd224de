package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kvern.it.Await;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Processes of the images as a container engine would run them, without one; skipped where images are not built, or not as root. */
@Timeout(300)
class ImageStartIT {
    private static final List<String> ROLES = List.of("coordinator", "node", "runner");
    private static final Pattern READY = Pattern.compile("ready .*grpc=(\\S+)");
    private static final long START_SECONDS = 90;

    @TempDir
    private static Path directory;

    private static @Nullable ImageProcesses processes;

    @BeforeAll
    static void unpack() {
        assumeTrue("root".equals(System.getProperty("user.name")), "mounting takes root");
        var images = new TreeMap<String, Image>();
        for (String role : ROLES) {
            Path tar = KvernImages.tar(role);
            assumeTrue(Files.exists(tar), tar + " is not there: deploy/images/build.sh makes it");
            images.put(role, JibTar.unpack(tar, directory.resolve(role)));
        }
        try {
            processes = ImageProcesses.of(images);
        } catch (IllegalStateException e) {
            abort("no network of namespaces: " + e.getMessage());
        }
    }

    @AfterAll
    static void remove() {
        if (processes != null) {
            processes.close();
        }
    }

    private static ImageProcesses processes() {
        return Objects.requireNonNull(processes);
    }

    /** All commands are loaded to be listed, those of other roles included, whose libraries an image lacks. */
    @Test
    void everyImageHasTheWholeCommandLine() throws IOException {
        for (String role : ROLES) {
            String printed = command(role, "--help");
            assertThat(printed).as(role).contains("Usage: kvern", "health", "cache", "verify-model");
        }
    }

    @Test
    void aClusterOfThemServesAndWritesNothingButWhereItMay() throws IOException {
        var running = new ArrayList<ImageProcesses.Started>();
        try {
            ImageProcesses.Started coordinator =
                    start(running, "coordinator", "--set", "listen.grpc_port=0", "--set", "listen.http_port=0");
            String front = awaitReady("coordinator", coordinator);
            ImageProcesses.Started node = start(
                    running,
                    "node",
                    "--set",
                    "coordinator=" + front,
                    "--set",
                    "listen.grpc_port=0",
                    "--set",
                    "ignite.discovery_port=0",
                    "--set",
                    "ignite.communication_port=0",
                    "--set",
                    "memory.region_bytes=268435456",
                    "--set",
                    "listen.unix_socket=/tmp/node.sock");
            ImageProcesses.Started runner = start(
                    running,
                    "runner",
                    "--set",
                    "coordinator=" + front,
                    "--set",
                    "listen.grpc_port=0",
                    "--set",
                    "model.path=/models",
                    "--set",
                    "kv.pool_bytes=33554432");
            assertThat(command("node", "health", awaitReady("node", node))).contains("SERVING");
            assertThat(command("node", "health", awaitReady("runner", runner))).contains("SERVING");
            Await.until(
                    "a runner and a node at the coordinator",
                    START_SECONDS,
                    () -> command("coordinator", "stats", "--target", front),
                    printed ->
                            Pattern.compile("runner-\\S+ +up ").matcher(printed).find()
                                    && Pattern.compile("node-\\S+ +up ")
                                            .matcher(printed)
                                            .find());
            assertThat(command(
                            "coordinator", "generate", "--target", front, "--prompt", "The cache", "--max-tokens", "4"))
                    .contains("first token after");
            for (ImageProcesses.Started process : running) {
                assertThat(written(process))
                        .allMatch(path -> path.matches("/hsperfdata_kvern/\\d+|/node\\.sock|/kvern-node-.*"));
            }
            // Native libraries are the image's, none was unpacked: Netty's, without which there is no Unix socket, and
            // PyTorch.
            assertThat(processes().mapped("node"))
                    .contains("/opt/kvern/native/libio_grpc_netty_shaded_netty_transport_native_epoll");
            assertThat(processes().mapped("runner")).contains("/opt/djl/pytorch", "/opt/djl/tokenizers");
        } finally {
            running.forEach(process -> process.container().signal("TERM"));
        }
    }

    private static ImageProcesses.Started start(List<ImageProcesses.Started> running, String role, String... arguments)
            throws IOException {
        ImageProcesses.Started started = processes().start(role, List.of(arguments));
        running.add(started);
        return started;
    }

    private static String awaitReady(String role, ImageProcesses.Started process) {
        String printed = Await.until(
                role + "'s ready line",
                START_SECONDS,
                () -> read(process.log()),
                text -> READY.matcher(text).find() || !process.isAlive());
        Matcher ready = READY.matcher(printed);
        assertThat(ready.find()).as(printed).isTrue();
        return ready.group(1);
    }

    /** Runs a command of an image to its end; fails if it fails. */
    private static String command(String role, String... arguments) {
        try {
            ImageProcesses.Started process = processes().command(role, List.of(arguments));
            try {
                assertThat(process.container().exit())
                        .as("%s %s", role, List.of(arguments))
                        .succeedsWithin(START_SECONDS, TimeUnit.SECONDS)
                        .as(() -> read(process.log()))
                        .isEqualTo(0);
                return read(process.log());
            } finally {
                process.container().signal("KILL");
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Files that a process has in its /tmp. */
    private static List<String> written(ImageProcesses.Started process) throws IOException {
        try (Stream<Path> files = Files.walk(process.tmp())) {
            return files.filter(file -> !Files.isDirectory(file))
                    .map(file -> "/" + process.tmp().relativize(file))
                    .toList();
        }
    }
}
