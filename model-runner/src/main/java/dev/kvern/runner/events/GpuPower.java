package dev.kvern.runner.events;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.OptionalDouble;
import java.util.concurrent.TimeUnit;

/** What an NVIDIA GPU draws, as its driver's tool says. Without the tool it is asked no more. Confined to a thread. */
final class GpuPower implements PowerSource {
    private static final long LIMIT_SECONDS = 3;
    private static final int MOST_BYTES = 64;

    private final List<String> command;
    private final long limitSeconds;
    private boolean absent;

    GpuPower(int index) {
        this(
                List.of("nvidia-smi", "--query-gpu=power.draw", "--format=csv,noheader,nounits", "--id=" + index),
                LIMIT_SECONDS);
    }

    /**
     * @param command prints watts
     * @param limitSeconds longest wait for it
     */
    GpuPower(List<String> command, long limitSeconds) {
        this.command = List.copyOf(command);
        this.limitSeconds = limitSeconds;
    }

    @Override
    public OptionalDouble watts(long nanos) {
        if (absent) {
            return OptionalDouble.empty();
        }
        Process asked;
        try {
            asked = new ProcessBuilder(command)
                    .redirectError(ProcessBuilder.Redirect.DISCARD)
                    .start();
        } catch (IOException e) {
            absent = true;
            return OptionalDouble.empty();
        }
        try {
            if (!asked.waitFor(limitSeconds, TimeUnit.SECONDS)) {
                return OptionalDouble.empty();
            }
            String said = new String(asked.getInputStream().readNBytes(MOST_BYTES), StandardCharsets.US_ASCII);
            return OptionalDouble.of(Double.parseDouble(said.strip()));
        } catch (IOException | NumberFormatException e) {
            return OptionalDouble.empty();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return OptionalDouble.empty();
        } finally {
            asked.destroyForcibly();
        }
    }
}
