package dev.kvern.launcher.bench.soak;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * What Linux says of a process, in /proc.
 *
 * @param residentBytes its resident memory, mapped files included
 * @param anonymousBytes of that, what is no file's
 * @param threads of any kind, those of native libraries included
 * @param files open file descriptors
 */
record ProcStatus(long residentBytes, long anonymousBytes, int threads, int files) {
    private static final long BYTES_PER_KB = 1024;

    /** @throws KvernException UNAVAILABLE if there is no such process, or no /proc */
    static ProcStatus read(long pid) {
        Path directory = Path.of("/proc", String.valueOf(pid));
        try (Stream<Path> open = Files.list(directory.resolve("fd"))) {
            return parse(Files.readAllLines(directory.resolve("status")), (int) open.count());
        } catch (IOException e) {
            throw new KvernException(
                    ErrorReason.UNAVAILABLE,
                    directory + ": " + e + " (expected: a process of this user's that lives, on Linux)",
                    e);
        }
    }

    static ProcStatus parse(List<String> status, int files) {
        return new ProcStatus(
                number(status, "VmRSS:") * BYTES_PER_KB,
                number(status, "RssAnon:") * BYTES_PER_KB,
                (int) number(status, "Threads:"),
                files);
    }

    private static long number(List<String> status, String name) {
        return status.stream()
                .filter(line -> line.startsWith(name))
                .map(line -> line.substring(name.length()).strip().split("\\s+")[0])
                .mapToLong(Long::parseLong)
                .findFirst()
                .orElseThrow(() -> new KvernException(
                        ErrorReason.UNAVAILABLE, "/proc/PID/status: no " + name + " (expected: a line)"));
    }
}
