package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;

/**
 * Processes in namespaces of network and mounts, in the image's root directory, as its user and without privileges. For machines
 * where runc does not run: there is no limit of memory, no process namespace, and the host's name is the machine's.
 */
final class NamespaceRuntime implements PodRuntime {
    private final HostNames names;

    NamespaceRuntime(HostNames names) {
        this.names = names;
    }

    @Override
    public String description() {
        return "processes in namespaces, without limits of memory";
    }

    @Override
    public RunningContainer start(ContainerSpec spec) {
        Path bundle = names.directory().resolve("bundles").resolve(spec.id());
        Path root = bundle.resolve("root");
        try {
            Files.createDirectories(root);
            Path script = Files.writeString(bundle.resolve("start.sh"), script(spec, root));
            // Each of these becomes the next one, so that there is one process and signals reach it.
            var command =
                    new ArrayList<>(List.of("nsenter", "--net=" + spec.network().path()));
            command.addAll(List.of("unshare", "--mount", "--propagation", "private", "sh", script.toString()));
            command.addAll(spec.arguments());
            return new Namespaced(HostProcess.start(command, spec.log()));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String script(ContainerSpec spec, Path root) {
        var script = new StringBuilder("set -e\n");
        script.append("mount --bind ")
                .append(quoted(spec.image().root().toString()))
                .append(' ')
                .append(root)
                .append('\n');
        Stream<Mount> system = Stream.of("/proc", "/dev", "/sys").map(path -> new Mount(Path.of(path), path, false));
        Stream.of(system, spec.image().mounts().stream(), spec.mounts().stream())
                .flatMap(mounts -> mounts)
                .forEach(mount -> script.append(bind(mount, root)));
        if (spec.readOnlyRoot()) {
            script.append("mount -o remount,bind,ro ").append(root).append('\n');
        }
        script.append("ulimit -n 16384\n");
        // Only what the manifest and the image say.
        script.append("exec env -i");
        for (Map.Entry<String, String> variable : spec.environment().entrySet()) {
            script.append(' ').append(quoted(variable.getKey() + "=" + variable.getValue()));
        }
        if (!spec.newPrivileges()) {
            script.append(" \"$(command -v setpriv)\" --no-new-privs");
        }
        // Another user than root loses all capabilities, and gets none back without new privileges.
        script.append(" \"$(command -v unshare)\" --root ").append(root);
        script.append(" --wd ").append(quoted(spec.workingDirectory().isEmpty() ? "/" : spec.workingDirectory()));
        script.append(" --setuid ").append(spec.user()).append(" --setgid ").append(spec.group());
        return script.append(" \"$@\"\n").toString();
    }

    private static String bind(Mount mount, Path root) {
        String target = quoted(root + mount.target());
        String source = quoted(mount.source().toString());
        String make = Files.isDirectory(mount.source())
                ? "[ -d " + target + " ] || mkdir -p " + target + "\n"
                : "[ -e " + target + " ] || { mkdir -p \"$(dirname " + target + ")\"; : > " + target + "; }\n";
        boolean asItIs = !mount.readOnly() && !mount.noExec();
        String restricted = asItIs ? "" : "mount -o remount,bind," + mount.options() + " " + target + "\n";
        return make + "mount --rbind " + source + " " + target + "\n" + restricted;
    }

    private static String quoted(String text) {
        return "'" + text.replace("'", "'\\''") + "'";
    }

    private record Namespaced(Process process) implements RunningContainer {
        @Override
        public CompletableFuture<Integer> exit() {
            return process.onExit().thenApply(Process::exitValue);
        }

        @Override
        public void signal(String signal) {
            if (process.isAlive()) {
                HostCommand.failureOf("kill", "-" + signal, String.valueOf(process.pid()));
            }
        }

        @Override
        public void remove() {
            // Its mounts go with its last process.
        }
    }
}
