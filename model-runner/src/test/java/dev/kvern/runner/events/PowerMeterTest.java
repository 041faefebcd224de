package dev.kvern.runner.events;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PowerMeterTest {
    @TempDir
    private Path powercap;

    private final AtomicLong nanos = new AtomicLong(5);

    @Test
    void twoReadingsOfAllPackagesGiveWatts() throws IOException {
        write("intel-rapl:0", 1_000_000);
        write("intel-rapl:1", 2_000_000);
        write("intel-rapl:0:0", 77);
        var meter = new PowerMeter(new CpuPower(powercap), nanos::get);
        meter.read();
        assertThat(meter.watts()).as("one reading says nothing").isZero();
        write("intel-rapl:0", 61_000_000);
        write("intel-rapl:1", 42_000_000);
        nanos.addAndGet(2_000_000_000L);
        meter.read();
        assertThat(meter.watts()).isEqualTo(50);
        write("intel-rapl:0", 3);
        nanos.addAndGet(2_000_000_000L);
        meter.read();
        assertThat(meter.watts()).as("a counter began again").isZero();
    }

    @Test
    void whereNothingSaysThereIsNoFigure() throws IOException {
        var meter = new PowerMeter(new CpuPower(powercap.resolve("absent")), nanos::get);
        meter.read();
        nanos.addAndGet(1_000_000_000L);
        meter.read();
        assertThat(meter.watts()).isZero();
        var broken = new PowerMeter(new CpuPower(powercap), nanos::get);
        Files.createDirectories(powercap.resolve("intel-rapl:0"));
        Files.writeString(powercap.resolve("intel-rapl:0/energy_uj"), "none");
        broken.read();
        nanos.addAndGet(1_000_000_000L);
        broken.read();
        assertThat(broken.watts()).isZero();
    }

    @Test
    void aGpuSaysItItself() {
        assertThat(gpu("echo", "318.25").watts(0)).hasValue(318.25);
        assertThat(gpu("echo", "[N/A]").watts(0)).isEmpty();
        assertThat(gpu("/no/such/tool").watts(0)).isEmpty();
    }

    /** One that is waited for, as long as it takes on a busy machine. */
    private static GpuPower gpu(String... command) {
        return new GpuPower(List.of(command), 30);
    }

    private void write(String zone, long microjoules) throws IOException {
        Files.createDirectories(powercap.resolve(zone));
        Files.writeString(powercap.resolve(zone).resolve("energy_uj"), microjoules + "\n");
    }
}
