package dev.kvern.it.deploy;

import dev.kvern.it.Source;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Everything that playing a chart on this machine takes; removed at the end, however the JVM ends. Confined to a thread. */
final class Rig implements AutoCloseable {
    /** This machine does not let us; the message says why. */
    static final class Impossible extends Exception {
        private static final long serialVersionUID = 1;

        Impossible(String message) {
            super(message);
        }
    }

    private final HostNames names;
    private final KubernetesStandIn cluster;
    private final Thread atExit;
    private List<String> incidents = List.of();

    private Rig(HostNames names, KubernetesStandIn cluster) {
        this.names = names;
        this.cluster = cluster;
        this.atExit = new Thread(cluster::abandon, "kvern-rig-end");
        Runtime.getRuntime().addShutdownHook(atExit);
    }

    /**
     * Prepares everything; nothing runs yet.
     *
     * @param image such as kvern/node, for a trial of the ways to run containers
     * @param logs where pods' output goes
     * @param publishMillis how long a change takes to reach name servers and virtual addresses
     */
    static Rig prepare(Manifests manifests, String image, Path logs, Timeline timeline, long publishMillis)
            throws Impossible {
        if (!System.getProperty("os.name").equals("Linux")
                || !System.getProperty("user.name").equals("root")) {
            throw new Impossible("neither containers nor namespaces: " + System.getProperty("user.name") + " on "
                    + System.getProperty("os.name") + " (expected: root on Linux)");
        }
        HostNames names = HostNames.own();
        try {
            Leftovers.removeOfDeadRuns();
            PodNetwork network = PodNetwork.create(names);
            HostCommand.run("rm", "-r", "-f", logs.toString());
            Files.createDirectories(logs);
            var images = new KvernImages(Source.ROOT.resolve("integration-tests/target/images"));
            timeline.say("images: " + images.image(image).origin());
            var runtimes = new PodRuntimes(names, network, images.image(image));
            PodRuntime runtime = runtimes.choose()
                    .orElseThrow(() -> new Impossible("neither containers nor namespaces: " + runtimes.refused()));
            runtimes.refused().forEach(reason -> timeline.say("not used: " + reason.strip()));
            return new Rig(
                    names,
                    new KubernetesStandIn(
                            names, network, runtime, manifests, images, Map.of(), logs, timeline, publishMillis));
        } catch (IllegalStateException e) {
            Leftovers.remove(names);
            throw new Impossible("no network of namespaces: " + e.getMessage());
        } catch (IOException e) {
            Leftovers.remove(names);
            throw new UncheckedIOException(e);
        } catch (Impossible | RuntimeException e) {
            Leftovers.remove(names);
            throw e;
        }
    }

    KubernetesStandIn cluster() {
        return cluster;
    }

    /** What should not have happened, up to now or to the end. */
    List<String> incidents() {
        return incidents.isEmpty() ? cluster.incidents() : incidents;
    }

    /** What there still is on the host. */
    List<String> leftovers() {
        return Leftovers.of(names);
    }

    @Override
    public void close() {
        cluster.close();
        incidents = cluster.incidents();
        Runtime.getRuntime().removeShutdownHook(atExit);
    }
}
