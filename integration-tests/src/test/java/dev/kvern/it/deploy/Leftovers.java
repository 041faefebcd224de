package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** What a run may leave on the host: found by its names, and removed. */
final class Leftovers {
    private static final Path CGROUPS = Path.of("/sys/fs/cgroup");
    private static final Pattern PID =
            Pattern.compile("(?:" + HostNames.PREFIX + "|" + HostNames.BRIDGE_PREFIX + ")(\\d+).*");

    private Leftovers() {}

    /** Removes what runs have left that were killed. */
    static void removeOfDeadRuns() {
        Set<Long> pids = new TreeSet<>();
        Stream.of(namespaces(), links(), names(HostNames.allDirectories()))
                .flatMap(List::stream)
                .map(PID::matcher)
                .filter(Matcher::matches)
                .forEach(matcher -> pids.add(Long.valueOf(matcher.group(1))));
        for (long pid : pids) {
            if (ProcessHandle.of(pid).isEmpty()) {
                System.out.println("removing what the run of process " + pid + " has left");
                remove(new HostNames(pid));
            }
        }
    }

    /** Removes all there is of a run, processes first. */
    static void remove(HostNames names) {
        namespacesOf(names).forEach(Leftovers::killIn);
        processesIn(cgroups(names)).forEach(pid -> HostCommand.failureOf("kill", "-9", pid));
        namespacesOf(names).forEach(namespace -> HostCommand.failureOf("ip", "netns", "del", namespace));
        linksOf(names).forEach(link -> HostCommand.failureOf("ip", "link", "del", link));
        mountsOf(names).forEach(mount -> HostCommand.failureOf("umount", "--lazy", mount));
        cgroups(names).forEach(Leftovers::removeCgroup);
        removeDirectory(names.directory());
    }

    /** What there is of a run. */
    static List<String> of(HostNames names) {
        var left = new ArrayList<String>();
        namespacesOf(names).forEach(namespace -> left.add("network namespace " + namespace));
        linksOf(names).forEach(link -> left.add("interface " + link));
        mountsOf(names).forEach(mount -> left.add("mount " + mount));
        List<Path> cgroups = cgroups(names);
        processesIn(cgroups).forEach(pid -> left.add("process " + pid));
        cgroups.forEach(cgroup -> left.add("cgroup " + cgroup));
        if (Files.exists(names.directory())) {
            left.add("directory " + names.directory());
        }
        return left;
    }

    private static void killIn(String namespace) {
        HostCommand.run("ip", "netns", "pids", namespace)
                .lines()
                .forEach(pid -> HostCommand.failureOf("kill", "-9", pid));
    }

    private static List<String> namespaces() {
        return HostCommand.run("ip", "netns", "list")
                .lines()
                .map(line -> line.split(" ")[0])
                .toList();
    }

    private static List<String> namespacesOf(HostNames names) {
        return namespaces().stream()
                .filter(namespace -> namespace.startsWith(names.run() + "-"))
                .toList();
    }

    private static List<String> links() {
        return names(Path.of("/sys/class/net"));
    }

    private static List<String> linksOf(HostNames names) {
        return links().stream()
                .filter(link -> link.equals(names.bridge()) || link.matches("kv" + names.pid() + "p\\d+"))
                .toList();
    }

    private static List<String> mountsOf(HostNames names) {
        try {
            return Files.readAllLines(Path.of("/proc/self/mounts")).stream()
                    .map(line -> line.split(" ")[1])
                    .filter(mount -> Path.of(mount).startsWith(names.directory()))
                    .sorted(Comparator.reverseOrder())
                    .toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Deepest first. One hierarchy, or each controller's own. */
    private static List<Path> cgroups(HostNames names) {
        return Stream.concat(Stream.of(CGROUPS), names(CGROUPS).stream().map(CGROUPS::resolve))
                .map(hierarchy -> hierarchy.resolve(names.run()))
                .filter(Files::isDirectory)
                .flatMap(top ->
                        Stream.concat(names(top).stream().map(top::resolve).filter(Files::isDirectory), Stream.of(top)))
                .toList();
    }

    private static Set<String> processesIn(List<Path> cgroups) {
        Set<String> pids = new TreeSet<>();
        for (Path cgroup : cgroups) {
            try {
                pids.addAll(Files.readAllLines(cgroup.resolve("cgroup.procs")));
            } catch (IOException e) {
                // It has just gone.
            }
        }
        return pids;
    }

    private static void removeCgroup(Path cgroup) {
        try {
            Files.deleteIfExists(cgroup);
        } catch (IOException e) {
            System.out.println("cannot be removed: " + e);
        }
    }

    private static void removeDirectory(Path directory) {
        if (Files.exists(directory)) {
            // One file system only: should anything still be mounted there, its files stay.
            HostCommand.run("rm", "-r", "-f", "--one-file-system", directory.toString());
        }
    }

    private static List<String> names(Path directory) {
        try (Stream<Path> entries = Files.list(directory)) {
            return entries.map(entry -> entry.getFileName().toString()).toList();
        } catch (NoSuchFileException e) {
            return List.of();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
