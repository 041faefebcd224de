package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/**
 * A process of a pod, as the kernel sees it.
 *
 * @param users real, effective, saved, and of its file accesses
 * @param capabilities that it has, as a hexadecimal mask
 * @param newPrivileges whether it may gain privileges
 * @param readOnlyRoot whether nothing can be written but where something else is mounted
 */
record PodProcess(String users, String groups, String capabilities, boolean newPrivileges, boolean readOnlyRoot) {
    /** All that are in a pod's network. */
    static List<PodProcess> of(Pod pod) {
        return HostCommand.run("ip", "netns", "pids", pod.network().namespace())
                .lines()
                .map(PodProcess::of)
                .toList();
    }

    private static PodProcess of(String pid) {
        Path process = Path.of("/proc", pid);
        try {
            List<String> status = Files.readAllLines(process.resolve("status"));
            return new PodProcess(
                    field(status, "Uid"),
                    field(status, "Gid"),
                    field(status, "CapEff"),
                    field(status, "NoNewPrivs").equals("0"),
                    hasReadOnlyRoot(process.resolve("mountinfo")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String field(List<String> status, String name) {
        return status.stream()
                .filter(line -> line.startsWith(name + ":"))
                .map(line -> line.substring(name.length() + 1).strip())
                .findFirst()
                .orElseThrow();
    }

    /** The fifth field of a line is where it is mounted, the sixth how. */
    private static boolean hasReadOnlyRoot(Path mounts) throws IOException {
        try (Stream<String> lines = Files.lines(mounts)) {
            String options = lines.map(line -> line.split(" "))
                    .filter(fields -> fields[4].equals("/"))
                    .map(fields -> fields[5])
                    .reduce((first, last) -> last)
                    .orElse(null);
            return List.of(Objects.requireNonNullElse(options, "").split(",")).contains("ro");
        }
    }
}
