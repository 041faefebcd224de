package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
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

    private static final Map<String, UnpackedImage> IMAGES = new TreeMap<>();

    @BeforeAll
    static void unpack() throws IOException, InterruptedException {
        assumeTrue(
                "root".equals(System.getProperty("user.name")) && Files.isExecutable(Path.of("/usr/bin/unshare")),
                "mounting takes root");
        for (String role : ROLES) {
            Path tar = Source.ROOT.resolve("deploy/images/" + role + "/target/jib-image.tar");
            assumeTrue(Files.exists(tar), tar + " is not there: deploy/images/build.sh makes it");
            IMAGES.put(role, UnpackedImage.of(tar, directory.resolve(role)));
        }
    }

    /** All commands are loaded to be listed, those of other roles included, whose libraries an image lacks. */
    @Test
    void everyImageHasTheWholeCommandLine() throws IOException, InterruptedException {
        for (String role : ROLES) {
            String printed = command(role, "--help");
            assertThat(printed).as(role).contains("Usage: kvern", "health", "cache", "verify-model");
        }
    }

    @Test
    void aClusterOfThemServesAndWritesNothingButWhereItMay() throws IOException, InterruptedException {
        Process coordinator = null;
        Process node = null;
        Process runner = null;
        try {
            coordinator = start("coordinator", "--set", "listen.grpc_port=0", "--set", "listen.http_port=0");
            String front = awaitReady("coordinator", coordinator);
            node = start(
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
            runner = start(
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
            for (Process process : List.of(coordinator, node, runner)) {
                assertThat(written(process))
                        .allMatch(path -> path.matches("/hsperfdata_kvern/\\d+|/node\\.sock|/kvern-node-.*"));
            }
            // Native libraries are the image's, none was unpacked: Netty's, without which there is no Unix socket, and
            // PyTorch.
            assertThat(mapped(node)).contains("/opt/kvern/native/libio_grpc_netty_shaded_netty_transport_native_epoll");
            assertThat(mapped(runner)).contains("/opt/djl/pytorch", "/opt/djl/tokenizers");
        } finally {
            for (Process process : new Process[] {runner, node, coordinator}) {
                if (process != null) {
                    process.destroy();
                    if (!process.waitFor(20, TimeUnit.SECONDS)) {
                        process.destroyForcibly();
                    }
                }
            }
        }
    }

    private static Process start(String role, String... arguments) throws IOException {
        return IMAGES.get(role).start(log(role), Source.MODEL, List.of(arguments));
    }

    private static Path log(String name) {
        return directory.resolve(name + ".log");
    }

    private static String awaitReady(String role, Process process) {
        String printed = Await.until(
                role + "'s ready line",
                START_SECONDS,
                () -> read(log(role)),
                text -> READY.matcher(text).find() || !process.isAlive());
        Matcher ready = READY.matcher(printed);
        assertThat(ready.find()).as(printed).isTrue();
        return ready.group(1);
    }

    /** Runs a command of an image to its end; fails if it fails. */
    private static String command(String role, String... arguments) {
        Path log = log("command");
        try {
            Process process = IMAGES.get(role).startCommand(log, Source.MODEL, List.of(arguments));
            try {
                assertThat(process.waitFor(START_SECONDS, TimeUnit.SECONDS)).isTrue();
                assertThat(process.exitValue())
                        .as("%s %s: %s", role, List.of(arguments), read(log))
                        .isZero();
                return read(log);
            } finally {
                process.destroyForcibly();
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
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
    private static List<String> written(Process process) throws IOException {
        Path tmp = Path.of("/proc", String.valueOf(process.pid()), "root/tmp");
        try (Stream<Path> files = Files.walk(tmp)) {
            return files.filter(file -> !Files.isDirectory(file))
                    .map(file -> "/" + tmp.relativize(file))
                    .toList();
        }
    }

    private static String mapped(Process process) throws IOException {
        return Files.readString(Path.of("/proc", String.valueOf(process.pid()), "maps"));
    }
}
