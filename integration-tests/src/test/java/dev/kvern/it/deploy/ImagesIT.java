package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.it.Source;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What the images of {@code deploy/images/build.sh} contain, and that their Java runs; skipped where they have not been built. */
@Timeout(300)
@ParameterizedClass
@ValueSource(strings = {"node", "coordinator", "runner"})
class ImagesIT {
    private static final long MEBI = 1 << 20;
    /** Everybody's to write: what is mounted over where the root file system is read-only. */
    private static final Set<String> OPEN = Set.of("/tmp", "/var/tmp", "/var/lib/kvern");

    private static final Pattern RUNNABLE =
            Pattern.compile("/opt/java/bin/[a-z]+|/opt/java/lib/jspawnhelper|/usr/lib.*/ld-linux[^/]*");

    private static final Map<Path, ImageTar> IMAGES = new HashMap<>();

    private final String role;
    private final ImageTar image;

    ImagesIT(String role) throws IOException {
        this.role = role;
        Path tar = KvernImages.tar(role);
        assumeTrue(Files.exists(tar), tar + " is not there: deploy/images/build.sh makes it");
        this.image = read(tar);
        assumeTrue(isOfTheseSources(), tar + " is of other sources: deploy/images/build.sh makes it anew");
    }

    /** Each image once, though each test is an object of its own. */
    private static ImageTar read(Path tar) throws IOException {
        ImageTar image = IMAGES.get(tar);
        if (image == null) {
            image = ImageTar.read(tar);
            IMAGES.put(tar, image);
        }
        return image;
    }

    /** Jars are the same byte for byte when built from the same sources. */
    private boolean isOfTheseSources() throws IOException {
        try (DirectoryStream<Path> own =
                Files.newDirectoryStream(Source.ROOT.resolve("launcher/target/dist/lib"), "kvern-*.jar")) {
            for (Path jar : own) {
                try (InputStream in = Files.newInputStream(jar)) {
                    ImageTar.Entry entry = image.files().get("/opt/kvern/libs/" + jar.getFileName());
                    if (entry == null || !entry.sha256().equals(ImageTar.sha256(in))) {
                        return false;
                    }
                }
            }
        }
        return true;
    }

    @Test
    void theConfigurationStartsTheRoleAsNobodyInParticular() {
        JsonNode config = image.config().get("config");
        assertThat(config.get("User").asText()).isEqualTo("10001:10001");
        var entrypoint = new ArrayList<String>();
        config.get("Entrypoint").forEach(argument -> entrypoint.add(argument.asText()));
        assertThat(entrypoint)
                .startsWith("/opt/java/bin/java")
                .endsWith("-cp", "/opt/kvern/libs/*", "dev.kvern.launcher.Kvern", role);
        assertThat(image.environment("LC_ALL")).isEqualTo("C.UTF-8");
        // Every file of flags that the environment names is in the image.
        List<String> flags = Stream.of(image.environment("JDK_JAVA_OPTIONS").split(" "))
                .filter(flag -> flag.startsWith("@"))
                .map(flag -> flag.substring(1))
                .toList();
        assertThat(flags).contains("/opt/kvern/jvm/" + role + ".args");
        assertThat(image.files().keySet()).containsAll(flags);
        assertThat(config.at("/Labels/org.opencontainers.image.title").asText()).isEqualTo("kvern-" + role);
        assertThat(config.at("/Labels").toString()).contains("Apache-2.0").doesNotContain("SNAPSHOT:");
    }

    @Test
    void thereIsNothingToRunButJava() {
        assertThat(image.files().entrySet())
                .filteredOn(file -> !file.getValue().directory()
                        && !file.getValue().link()
                        && (file.getValue().mode() & 0111) != 0)
                .isNotEmpty()
                .allSatisfy(file -> assertThat(file.getKey()).matches(RUNNABLE));
        assertThat(image.files().keySet())
                .filteredOn(path -> path.matches("(/usr)?/s?bin/.+"))
                .isEmpty();
    }

    @Test
    void filesBelongToRootAndNobodyElseMayWriteThem() {
        assertThat(image.files().entrySet()).allSatisfy(file -> {
            assertThat(file.getValue().owner()).as(file.getKey()).isEqualTo("0:0");
            assertThat(file.getValue().mode() & 06000)
                    .as("%s: set-user-id", file.getKey())
                    .isZero();
            if (!OPEN.contains(file.getKey()) && !file.getValue().link()) {
                assertThat(file.getValue().mode() & 022)
                        .as("%s: %o", file.getKey(), file.getValue().mode())
                        .isZero();
            }
        });
    }

    @Test
    void itHoldsWhatTheRoleNeedsAndNotMore() {
        Set<String> others = new TreeSet<>(Set.of("jedis", "pytorch-native"));
        if (!role.equals("runner")) {
            others.addAll(Set.of("pytorch", "tokenizers", "jna-"));
        }
        if (!role.equals("node")) {
            others.add("ignite-core");
        }
        if (!role.equals("coordinator")) {
            others.addAll(Set.of("vertx", "micrometer"));
        }
        Set<String> jars = new TreeSet<>();
        image.files().keySet().stream()
                .filter(path -> path.endsWith(".jar") && path.startsWith("/opt/kvern/"))
                .forEach(path -> jars.add(path.substring("/opt/kvern/libs/".length())));
        assertThat(jars).anyMatch(jar -> jar.startsWith("picocli-"));
        for (String other : others) {
            assertThat(jars).as(other).noneMatch(jar -> jar.startsWith(other));
        }
        long bound = role.equals("runner") ? 600 * MEBI : 120 * MEBI;
        assertThat(image.bytes())
                .as("%s unpacked, MiB: %d", role, image.bytes() / MEBI)
                .isLessThan(bound);
    }
}
