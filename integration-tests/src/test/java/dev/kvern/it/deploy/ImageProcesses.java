package dev.kvern.it.deploy;

import dev.kvern.it.Source;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * Processes of built images as a container engine would run them, all on one loopback interface of their own: a read-only root, the
 * model at {@code /models}, a {@code /tmp} in which nothing can be run, no privileges. Needs root. Confined to a thread.
 */
final class ImageProcesses implements AutoCloseable {
    private final HostNames names = HostNames.own();
    private final PodRuntime runtime = new NamespaceRuntime(names);
    private final PodNetwork network;
    private final PodInterface place;
    private final Map<String, Image> images;
    private int started;

    private ImageProcesses(PodNetwork network, Map<String, Image> images) {
        this.network = network;
        this.place = network.attach();
        this.images = images;
    }

    /**
     * @param images by role
     * @throws IllegalStateException with the reason if this machine does not let us
     */
    static ImageProcesses of(Map<String, Image> images) {
        try {
            return new ImageProcesses(PodNetwork.create(HostNames.own()), images);
        } catch (RuntimeException e) {
            // Half of a network would keep other tests of this process from theirs.
            Leftovers.remove(HostNames.own());
            throw e;
        }
    }

    /** A process, and the host's directory that is its {@code /tmp}. */
    record Started(RunningContainer container, Path tmp, Path log) {
        boolean isAlive() {
            return !container.exit().isDone();
        }
    }

    /** Starts an image's entry point with these arguments behind it. */
    Started start(String role, List<String> arguments) throws IOException {
        return start(role, image(role).entrypoint(), arguments);
    }

    /** Starts another command of {@code kvern} than the image's own. */
    Started command(String role, List<String> arguments) throws IOException {
        List<String> entrypoint = image(role).entrypoint();
        return start(role, entrypoint.subList(0, entrypoint.size() - 1), arguments);
    }

    private Image image(String role) {
        return Objects.requireNonNull(images.get(role), role);
    }

    private Started start(String role, List<String> entrypoint, List<String> arguments) throws IOException {
        Image image = image(role);
        String id = role + "-" + started++;
        Path tmp = Files.createDirectories(names.directory().resolve(id).resolve("tmp"));
        Files.setPosixFilePermissions(tmp, PosixFilePermissions.fromString("rwxrwxrwx"));
        Path log = Files.createFile(tmp.resolveSibling("log"));
        var command = new ArrayList<>(entrypoint);
        command.addAll(arguments);
        String[] user = image.user().split(":");
        var spec = new ContainerSpec(
                id,
                image,
                command,
                image.environment(),
                image.workingDirectory(),
                Long.parseLong(user[0]),
                Long.parseLong(user[1]),
                List.of(),
                true,
                false,
                List.of(),
                List.of(new Mount(tmp, "/tmp", false, true), new Mount(Source.MODEL, "/models", true)),
                0,
                0,
                id,
                place,
                log);
        return new Started(runtime.start(spec), tmp, log);
    }

    /** What a process of an image's own role has mapped: its libraries, among others. */
    String mapped(String role) throws IOException {
        for (String pid : HostCommand.run("ip", "netns", "pids", place.namespace())
                .lines()
                .toList()) {
            Path process = Path.of("/proc", pid);
            List<String> command =
                    List.of(Files.readString(process.resolve("cmdline")).split("\0"));
            if (command.contains(role)) {
                return Files.readString(process.resolve("maps"));
            }
        }
        throw new IllegalStateException("no process of " + role);
    }

    /** Ends what still runs, at once. */
    @Override
    public void close() {
        network.close();
        Leftovers.remove(names);
    }
}
