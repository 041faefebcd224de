package dev.kvern.it.deploy;

import dev.kvern.it.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Kvern's images: those that were built, if they hold Kvern as it was built last, or else ones made of this machine's own
 * system. Guarded by itself.
 */
final class KvernImages implements Images {
    private static final Pattern REFERENCE = Pattern.compile("(?:.*/)?kvern/(node|coordinator|runner)(?::.+)?");

    private final Path directory;
    private final Map<String, Image> known = new HashMap<>();

    /** @param directory where unpacked images lie */
    KvernImages(Path directory) {
        this.directory = directory;
    }

    /** Where an image is once it has been built. */
    static Path tar(String role) {
        return Source.ROOT.resolve("deploy/images/" + role + "/target/jib-image.tar");
    }

    @Override
    public synchronized Image image(String reference) {
        Matcher matcher = REFERENCE.matcher(reference);
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "image: " + reference + " (expected: kvern/node, kvern/coordinator or kvern/runner)");
        }
        return known.computeIfAbsent(matcher.group(1), this::find);
    }

    private Image find(String role) {
        Path tar = tar(role);
        if (Files.exists(tar)) {
            Image built = JibTar.unpack(tar, directory.resolve(role));
            if (isCurrent(built)) {
                return built;
            }
            System.out.println(tar + " holds another build of Kvern than launcher/target/dist: not used");
        }
        return HostImage.of(role, directory.resolve("host-" + role));
    }

    /** Whether an image's own jars are those that were built last; builds are reproducible. */
    private static boolean isCurrent(Image image) {
        Path built = Source.ROOT.resolve("launcher/target/dist/lib");
        try (Stream<Path> jars = Files.list(image.root().resolve("opt/kvern/libs"))) {
            for (Path jar : jars.filter(path -> path.getFileName().toString().startsWith("kvern-"))
                    .toList()) {
                Path other = built.resolve(jar.getFileName());
                if (!Files.exists(other) || !Arrays.equals(Files.readAllBytes(jar), Files.readAllBytes(other))) {
                    return false;
                }
            }
            return true;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
