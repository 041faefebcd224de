package dev.kvern.it.deploy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A container as the {@code config.json} of an OCI bundle: what containerd would write for the same manifest, but for seccomp, of
 * which there is no profile here.
 *
 * @see <a href="https://github.com/opencontainers/runtime-spec/blob/main/config.md">runtime-spec</a>
 */
final class RuncConfig {
    /** Files and threads a container's user may have; a container of a test needs a tenth. */
    private static final long LIMIT = 16_384;

    private static final long CPU_PERIOD_MICROS = 100_000;

    private static final List<String> MASKED = List.of(
            "/proc/acpi",
            "/proc/kcore",
            "/proc/keys",
            "/proc/latency_stats",
            "/proc/timer_list",
            "/proc/sched_debug",
            "/proc/scsi",
            "/sys/firmware");

    private static final List<String> READ_ONLY =
            List.of("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger");

    private RuncConfig() {}

    /** @param cgroup path of the container's cgroup, relative to each hierarchy's root */
    static Map<String, Object> of(ContainerSpec spec, String cgroup) {
        return Map.of(
                "ociVersion",
                "1.0.2",
                "process",
                process(spec),
                "root",
                Map.of("path", spec.image().root().toString(), "readonly", spec.readOnlyRoot()),
                "hostname",
                spec.hostname(),
                "mounts",
                mounts(spec),
                "linux",
                Map.of(
                        "namespaces",
                        List.of(
                                Map.of("type", "pid"),
                                Map.of("type", "ipc"),
                                Map.of("type", "uts"),
                                Map.of("type", "mount"),
                                Map.of(
                                        "type",
                                        "network",
                                        "path",
                                        spec.network().path().toString())),
                        "cgroupsPath",
                        cgroup,
                        "resources",
                        resources(spec),
                        "maskedPaths",
                        MASKED,
                        "readonlyPaths",
                        READ_ONLY));
    }

    private static Map<String, Object> process(ContainerSpec spec) {
        var environment = new ArrayList<String>();
        spec.environment().forEach((name, value) -> environment.add(name + "=" + value));
        List<String> capabilities = spec.capabilities();
        return Map.of(
                "terminal",
                false,
                "user",
                Map.of("uid", spec.user(), "gid", spec.group(), "additionalGids", spec.groups()),
                "args",
                spec.arguments(),
                "env",
                environment,
                "cwd",
                spec.workingDirectory().isEmpty() ? "/" : spec.workingDirectory(),
                "capabilities",
                Map.of("bounding", capabilities, "effective", capabilities, "permitted", capabilities),
                "rlimits",
                List.of(limit("RLIMIT_NOFILE"), limit("RLIMIT_NPROC")),
                "noNewPrivileges",
                !spec.newPrivileges());
    }

    private static Map<String, Object> limit(String type) {
        return Map.of("type", type, "hard", LIMIT, "soft", LIMIT);
    }

    private static List<Map<String, Object>> mounts(ContainerSpec spec) {
        var mounts = new ArrayList<Map<String, Object>>();
        mounts.add(mount("/proc", "proc", "proc", "nosuid", "noexec", "nodev"));
        mounts.add(mount("/dev", "tmpfs", "tmpfs", "nosuid", "strictatime", "mode=755", "size=65536k"));
        mounts.add(
                mount("/dev/pts", "devpts", "devpts", "nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"));
        mounts.add(mount("/dev/shm", "tmpfs", "shm", "nosuid", "noexec", "nodev", "mode=1777", "size=65536k"));
        mounts.add(mount("/sys", "sysfs", "sysfs", "nosuid", "noexec", "nodev", "ro"));
        // A JVM finds its limits there.
        mounts.add(mount("/sys/fs/cgroup", "cgroup", "cgroup", "nosuid", "noexec", "nodev", "relatime", "ro"));
        spec.image().mounts().forEach(mount -> mounts.add(bind(mount)));
        spec.mounts().forEach(mount -> mounts.add(bind(mount)));
        return mounts;
    }

    private static Map<String, Object> bind(Mount mount) {
        var options =
                Stream.concat(Stream.of("rbind"), Stream.of(mount.options().split(",")));
        return mount(mount.target(), "bind", mount.source().toString(), options.toArray(String[]::new));
    }

    private static Map<String, Object> mount(String target, String type, String source, String... options) {
        return Map.of("destination", target, "type", type, "source", source, "options", List.of(options));
    }

    private static Map<String, Object> resources(ContainerSpec spec) {
        var resources = new LinkedHashMap<String, Object>();
        resources.put("devices", List.of(Map.of("allow", false, "access", "rwm")));
        if (spec.memoryBytes() > 0) {
            resources.put("memory", Map.of("limit", spec.memoryBytes()));
        }
        if (spec.cpuMillis() > 0) {
            resources.put(
                    "cpu", Map.of("period", CPU_PERIOD_MICROS, "quota", spec.cpuMillis() * CPU_PERIOD_MICROS / 1_000));
        }
        return resources;
    }
}
