package dev.kvern.runner.model.torch;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;

/**
 * How much of the machine's memory this process can still have. Linux grants an allocation that it cannot serve and kills the
 * process when the memory is touched; so whoever wants much asks first. Stateless.
 */
final class HostMemory {
    private static final String AVAILABLE = "MemAvailable:";
    private static final long KIB = 1024;

    private final Path root;

    /** @param root of the file system with {@code proc} and {@code sys} */
    HostMemory(Path root) {
        this.root = root;
    }

    /** Bytes that can be had without swapping, within the limit of the process's control group; empty if nobody says. */
    OptionalLong available() {
        return Stream.of(ofMachine(), ofGroup())
                .flatMapToLong(OptionalLong::stream)
                .min();
    }

    private OptionalLong ofMachine() {
        OptionalLong kib = number(lines("proc/meminfo"), AVAILABLE);
        return kib.isPresent() ? OptionalLong.of(kib.getAsLong() * KIB) : kib;
    }

    /** A group's limit less what it uses; file contents that the kernel drops when it must are not counted as used. */
    private OptionalLong ofGroup() {
        for (String line : lines("proc/self/cgroup")) {
            String[] fields = line.split(":", 3);
            if (fields.length == 3 && fields[0].equals("0") && fields[1].isEmpty()) {
                OptionalLong left = left("sys/fs/cgroup", fields[2], "memory.max", "memory.current", "inactive_file ");
                if (left.isPresent()) {
                    return left;
                }
            } else if (fields.length == 3 && List.of(fields[1].split(",")).contains("memory")) {
                return left(
                        "sys/fs/cgroup/memory",
                        fields[2],
                        "memory.limit_in_bytes",
                        "memory.usage_in_bytes",
                        "total_inactive_file ");
            }
        }
        return OptionalLong.empty();
    }

    private OptionalLong left(String controller, String group, String limit, String usage, String droppable) {
        // In a container the group that the kernel names is not there: its files are at the controller's root.
        String directory =
                Files.exists(root.resolve(controller + group + "/" + limit)) ? controller + group : controller;
        OptionalLong most = number(lines(directory + "/" + limit), "");
        OptionalLong used = number(lines(directory + "/" + usage), "");
        if (most.isEmpty() || used.isEmpty()) {
            return OptionalLong.empty();
        }
        long dropped = number(lines(directory + "/memory.stat"), droppable).orElse(0);
        return OptionalLong.of(Math.max(0, most.getAsLong() - used.getAsLong() + dropped));
    }

    /** The number that follows {@code label} on its line; empty if there is none, as where a limit is "max". */
    private static OptionalLong number(List<String> lines, String label) {
        for (String line : lines) {
            if (line.startsWith(label)) {
                String text = line.substring(label.length()).strip().split(" ", 2)[0];
                return text.matches("\\d{1,18}") ? OptionalLong.of(Long.parseLong(text)) : OptionalLong.empty();
            }
        }
        return OptionalLong.empty();
    }

    private List<String> lines(String file) {
        try {
            return Files.readAllLines(root.resolve(file));
        } catch (IOException e) {
            return List.of();
        }
    }
}
