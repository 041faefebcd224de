package dev.kvern.it;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.kvern.config.ConfigException;
import dev.kvern.node.NodeConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The units of {@code deploy/systemd}, as systemd itself reads and judges them where there is one. */
class SystemdUnitsIT {
    private static final Path DIRECTORY = Source.ROOT.resolve("deploy/systemd");
    /** Of ten; systemd calls up to 2 "OK" and from 5 on "exposed". What is left is the network, and memory that is run (the JIT's). */
    private static final double MOST_EXPOSED = 2.0;

    private static final Pattern EXPOSURE = Pattern.compile("Overall exposure level for \\S+: ([0-9.]+)");
    private static final Pattern FLAGS = Pattern.compile("@/opt/kvern/jvm/(\\S+)");

    static List<Path> units() throws IOException {
        try (Stream<Path> files = Files.list(DIRECTORY)) {
            List<Path> units = files.filter(file -> file.toString().endsWith(".service"))
                    .sorted()
                    .toList();
            assertThat(units).hasSize(3);
            return units;
        }
    }

    @ParameterizedTest
    @MethodSource("units")
    void systemdFindsNothingToSayAndLittleExposed(Path unit) throws IOException, InterruptedException {
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/systemd-analyze")), "no systemd-analyze here");
        assumeTrue(Files.isExecutable(Path.of("/usr/bin/java")), "no /usr/bin/java here");
        assertThat(run("systemd-analyze", "verify", "--man=no", unit.toString()))
                .isEmpty();
        String judged = run("systemd-analyze", "security", "--offline=true", "--no-pager", unit.toString());
        Matcher exposure = EXPOSURE.matcher(judged);
        assertThat(exposure.find()).as(judged).isTrue();
        assertThat(Double.parseDouble(exposure.group(1))).as(judged).isLessThanOrEqualTo(MOST_EXPOSED);
    }

    @ParameterizedTest
    @MethodSource("units")
    void filesOfFlagsAreInTheArchiveAndTheStopTakesLongerThanWhatIsConfigured(Path unit) throws IOException {
        String text = Files.readString(unit);
        Matcher flags = FLAGS.matcher(text);
        var named = new ArrayList<String>();
        while (flags.find()) {
            named.add(flags.group(1));
        }
        assertThat(named)
                .isNotEmpty()
                .allSatisfy(file -> assertThat(Source.ROOT.resolve("launcher/target/dist/jvm/" + file))
                        .exists());
        Matcher stop = Pattern.compile("TimeoutStopSec=(\\d+)s").matcher(text);
        assertThat(stop.find()).isTrue();
        String role = unit.getFileName().toString().replaceAll("kvern-|@?\\.service", "");
        Matcher waits = Pattern.compile("(?:drain|grace|delay)_millis: (\\d+)")
                .matcher(Files.readString(DIRECTORY.resolve(role + ".yaml")));
        long configured = 0;
        while (waits.find()) {
            configured += Long.parseLong(waits.group(1));
        }
        assertThat(Long.parseLong(stop.group(1)) * 1_000)
                .isGreaterThan(configured)
                .isGreaterThan(10_000);
    }

    @Test
    void aNodesExampleHasTheTimeToMoveAllOfItsRegion() throws IOException, ConfigException {
        NodeConfig node = NodeConfig.loader()
                .load(DIRECTORY.resolve("node.yaml"), List.of("id=a", "advertise_host=a"))
                .config();
        double seconds = (double) node.memory().regionBytes() / node.rebalance().bytesPerSecond();
        assertThat(node.shutdown().drainMillis() / 1_000.0).isGreaterThan(1.2 * seconds);
    }

    /** What the unit would be handed is where the configuration would look for it. */
    @Test
    void keysAreHandedToTheCoordinatorWhereItLooks() throws IOException {
        Path unit = DIRECTORY.resolve("kvern-coordinator.service");
        Matcher credential =
                Pattern.compile("(?m)^#LoadCredential=(\\w+):/etc/kvern/\\w+$").matcher(Files.readString(unit));
        assertThat(credential.find()).isTrue();
        assertThat(Files.readString(DIRECTORY.resolve("coordinator.yaml")))
                .contains("#  keys_file: /run/credentials/" + unit.getFileName() + "/" + credential.group(1) + "\n");
    }

    @Test
    void unitsDifferOnlyWhereRolesDo() throws IOException {
        // What hardens one hardens all.
        List<List<String>> hardening = new ArrayList<>();
        for (Path unit : units()) {
            hardening.add(Files.readAllLines(unit).stream()
                    .dropWhile(line -> !line.startsWith("DynamicUser="))
                    .toList());
        }
        assertThat(hardening.get(0)).hasSizeGreaterThan(20);
        assertThat(hardening).allMatch(hardening.get(0)::equals);
    }

    private static String run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(printed).isZero();
        return printed;
    }
}
