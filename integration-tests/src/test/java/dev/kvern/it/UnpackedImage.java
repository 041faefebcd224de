package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * An image's root file system as {@code deploy/images/unpack.sh} lays it out, and its processes: in a mount namespace of their own, the
 * root file system read-only, {@code /tmp} in memory and without the right to run what is in it, as the image's user, with the image's
 * environment and nothing else. Needs root. Immutable.
 */
final class UnpackedImage {
    /** Mounts, then becomes the process: $1 root file system, $2 model, $3 user and group, then the command. */
    private static final String SCRIPT = """
            set -e
            mount --make-rprivate /
            mkdir -p "$1/models"
            mount --bind "$1" "$1"
            mount -o remount,bind,ro "$1"
            mount --bind "$2" "$1/models"
            mount -t proc proc "$1/proc"
            mount -t tmpfs -o mode=1777,noexec,nosuid,nodev,size=64m tmpfs "$1/tmp"
            root=$1 user=$3
            shift 3
            exec chroot --userspec="$user" --groups= "$root" "$@"
            """;

    private final Path rootfs;
    private final JsonNode config;

    private UnpackedImage(Path rootfs, JsonNode config) {
        this.rootfs = rootfs;
        this.config = config;
    }

    static UnpackedImage of(Path tar, Path directory) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(
                        Source.ROOT.resolve("deploy/images/unpack.sh").toString(), tar.toString(), directory.toString())
                .redirectErrorStream(true)
                .start();
        String said = new String(process.getInputStream().readAllBytes());
        assertThat(process.waitFor()).as(said).isZero();
        return new UnpackedImage(
                directory.resolve("rootfs"),
                new ObjectMapper()
                        .readTree(Files.readString(directory.resolve("config.json")))
                        .get("config"));
    }

    /** Starts the image's entry point with these arguments behind it. */
    Process start(Path log, Path model, List<String> arguments) throws IOException {
        return start(log, model, true, arguments);
    }

    /** Starts another command of {@code kvern} than the image's own. */
    Process startCommand(Path log, Path model, List<String> arguments) throws IOException {
        return start(log, model, false, arguments);
    }

    private Process start(Path log, Path model, boolean role, List<String> arguments) throws IOException {
        var command = new ArrayList<>(List.of("unshare", "--mount", "sh", "-c", SCRIPT, "sh"));
        command.addAll(
                List.of(rootfs.toString(), model.toString(), config.get("User").asText()));
        int last = config.get("Entrypoint").size() - (role ? 0 : 1);
        for (int i = 0; i < last; i++) {
            command.add(config.get("Entrypoint").get(i).asText());
        }
        command.addAll(arguments);
        var builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        // The tools that mount are found by the path of the test; the image's own names Java's directory alone.
        String path = System.getenv("PATH");
        builder.environment().clear();
        config.get("Env").forEach(variable -> {
            String[] nameAndValue = variable.asText().split("=", 2);
            builder.environment().put(nameAndValue[0], nameAndValue[1]);
        });
        builder.environment().put("PATH", path);
        return builder.start();
    }
}
