package dev.kvern.runner.events;

import dev.kvern.runner.model.DeviceSpec;
import java.nio.file.Path;
import java.util.OptionalDouble;

/** Where a machine says what it draws. */
@FunctionalInterface
public interface PowerSource {
    /**
     * Reads it; may take a second or two.
     *
     * @param nanos now
     * @return watts, or empty where nothing says or not yet
     */
    OptionalDouble watts(long nanos);

    /** The CPU packages' energy counters for the CPU, the driver's word for a GPU. */
    static PowerSource of(DeviceSpec device) {
        return device.cuda() ? new GpuPower(device.index()) : new CpuPower(Path.of("/sys/class/powercap"));
    }
}
