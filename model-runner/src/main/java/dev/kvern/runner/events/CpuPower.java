package dev.kvern.runner.events;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** What all of a machine's CPU packages draw, by Linux's RAPL energy counters (powercap). Confined to a thread. */
final class CpuPower implements PowerSource {
    private static final double MICROJOULES = 1e6;

    private final Path root;
    private long before = -1;
    private long beforeNanos;

    /** @param root {@code /sys/class/powercap} */
    CpuPower(Path root) {
        this.root = root;
    }

    @Override
    public OptionalDouble watts(long nanos) {
        long energy = microjoules();
        long last = before;
        double seconds = (double) (nanos - beforeNanos) / TimeUnit.SECONDS.toNanos(1);
        before = energy;
        beforeNanos = nanos;
        // The counters begin again at zero every few hours: that once there is no figure.
        return last < 0 || energy < last || seconds <= 0
                ? OptionalDouble.empty()
                : OptionalDouble.of((energy - last) / MICROJOULES / seconds);
    }

    /** The sum over the packages; -1 if nobody says. Parts of a package (intel-rapl:0:1) are in its figure already. */
    private long microjoules() {
        try (Stream<Path> zones = Files.list(root)) {
            List<Path> packages = zones.filter(
                            zone -> zone.getFileName().toString().matches("intel-rapl:\\d+"))
                    .toList();
            long sum = 0;
            for (Path zone : packages) {
                sum += Long.parseLong(
                        Files.readString(zone.resolve("energy_uj")).strip());
            }
            return packages.isEmpty() ? -1 : sum;
        } catch (IOException | NumberFormatException e) {
            // Not Linux, a virtual machine, or readable only by root: there is no figure.
            return -1;
        }
    }
}
