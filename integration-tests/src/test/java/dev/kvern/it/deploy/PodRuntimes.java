package dev.kvern.it.deploy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Which ways of running containers work on this machine: found by trying. */
final class PodRuntimes {
    /** Set to runc or namespaces to have that one or none. */
    private static final String CHOICE = System.getProperty("kvern.pods", "");

    private static final long LIMIT_SECONDS = 30;
    private static final long MEMORY_BYTES = 256L << 20;

    private final HostNames names;
    private final PodNetwork network;
    private final Image image;
    private final List<String> refused = new ArrayList<>();

    /** @param image whose java is run */
    PodRuntimes(HostNames names, PodNetwork network, Image image) {
        this.names = names;
        this.network = network;
        this.image = image;
    }

    /** The first that works, containers before mere namespaces; empty if none does. */
    Optional<PodRuntime> choose() {
        for (String name : CHOICE.isEmpty() ? List.of("runc", "namespaces") : List.of(CHOICE)) {
            PodRuntime runtime = runtime(name);
            Optional<String> failure = tried(name, runtime);
            if (failure.isEmpty()) {
                return Optional.of(runtime);
            }
            refused.add(name + ": " + failure.get());
        }
        return Optional.empty();
    }

    private PodRuntime runtime(String name) {
        return switch (name) {
            case "runc" -> new RuncRuntime(names);
            case "namespaces" -> new NamespaceRuntime(names);
            default -> throw new IllegalArgumentException("kvern.pods: " + name + " (expected: runc or namespaces)");
        };
    }

    /** Why others were not chosen. */
    List<String> refused() {
        return refused;
    }

    private Optional<String> tried(String name, PodRuntime runtime) {
        PodInterface place = network.attach();
        try {
            Path log = Files.createDirectories(names.directory()).resolve("trial-" + name + ".log");
            Files.writeString(log, "");
            RunningContainer container = runtime.start(trial(place, log));
            try {
                int exit = container.exit().get(LIMIT_SECONDS, TimeUnit.SECONDS);
                return exit == 0 ? Optional.empty() : Optional.of("exit code " + exit + ": " + Files.readString(log));
            } catch (TimeoutException e) {
                container.signal("KILL");
                return Optional.of("java -version takes longer than " + LIMIT_SECONDS + " s");
            } finally {
                container.remove();
            }
        } catch (IOException | UncheckedIOException | ExecutionException e) {
            return Optional.of(e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of(e.toString());
        } finally {
            network.detach(place);
        }
    }

    private ContainerSpec trial(PodInterface place, Path log) {
        return new ContainerSpec(
                place.namespace(),
                image,
                List.of("/opt/java/bin/java", "-Xmx32m", "-version"),
                Map.of("LC_ALL", "C.UTF-8"),
                "/",
                10_001,
                10_001,
                List.of(),
                true,
                false,
                List.of(),
                List.of(),
                MEMORY_BYTES,
                0,
                "trial",
                place,
                log);
    }
}
