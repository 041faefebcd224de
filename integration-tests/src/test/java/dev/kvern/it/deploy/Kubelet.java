package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.ObjectMeta;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/** Makes pods and keeps them running, all on this machine. Safe for use by several threads. */
final class Kubelet implements AutoCloseable {
    private static final int THREADS = 32;

    private final PodRuntime runtime;
    private final PodNetwork network;
    private final ContainerPlan plans;
    private final HostNames names;
    private final Path logs;
    private final Timeline timeline;
    private final Runnable changed;
    private final List<String> incidents = new CopyOnWriteArrayList<>();
    private final List<Pod> pods = new CopyOnWriteArrayList<>();
    private boolean closed;
    private final ScheduledThreadPoolExecutor scheduler = new ScheduledThreadPoolExecutor(
            THREADS,
            task -> {
                var thread = new Thread(task, "kvern-kubelet");
                thread.setDaemon(true);
                return thread;
            },
            // After the end nothing is probed or started again.
            new ThreadPoolExecutor.DiscardPolicy());

    /**
     * @param logs where pods' output goes, a file for each name
     * @param changed told of whatever decides on endpoints
     */
    Kubelet(
            PodRuntime runtime,
            PodNetwork network,
            ContainerPlan plans,
            HostNames names,
            Path logs,
            Timeline timeline,
            Runnable changed) {
        this.runtime = runtime;
        this.network = network;
        this.plans = plans;
        this.names = names;
        this.logs = logs;
        this.timeline = timeline;
        this.changed = changed;
    }

    /**
     * Makes a pod and starts it.
     *
     * @throws IllegalStateException after the end
     */
    synchronized Pod start(
            String name, String namespace, PodTemplateSpec template, Map<String, String> labels, int revision) {
        if (closed) {
            throw new IllegalStateException(name + " is not started: everything is at its end");
        }
        PodInterface place = network.attach();
        var spec = template.getSpec();
        var identity = new PodIdentity(
                name,
                namespace,
                UUID.randomUUID().toString(),
                labels,
                annotations(template.getMetadata()),
                Objects.requireNonNullElse(spec.getServiceAccountName(), "default"),
                place.address(),
                network.gateway());
        Path directory = names.directory().resolve("pods").resolve(identity.uid());
        ContainerSpec container = plans.plan(spec, identity, place, directory, logs.resolve(name + ".log"));
        var pod = new Pod(identity, place, spec, container, revision, this);
        pods.add(pod);
        pod.start();
        changed();
        return pod;
    }

    private static Map<String, String> annotations(ObjectMeta metadata) {
        return Objects.requireNonNullElse(metadata.getAnnotations(), Map.of());
    }

    /** Those that are not gone. */
    List<Pod> pods() {
        pods.removeIf(Pod::isGone);
        return List.copyOf(pods);
    }

    PodRuntime runtime() {
        return runtime;
    }

    PodNetwork network() {
        return network;
    }

    /** Runs it on a thread of its own after so long, unless everything is at its end then. What it throws is an incident. */
    void later(long delay, TimeUnit unit, Runnable task) {
        var unused = scheduler.schedule(() -> orIncident(task), delay, unit);
    }

    private void orIncident(Runnable task) {
        try {
            task.run();
        } catch (RuntimeException e) {
            incidents.add("the stand-in failed: " + e);
        }
    }

    /** What should not happen in a cluster that is well, in the order it did. */
    List<String> incidents() {
        return incidents;
    }

    void changed() {
        changed.run();
    }

    void say(String what) {
        timeline.say(what);
    }

    /** Starts nothing any more, and ends all pods at once. */
    @Override
    public synchronized void close() {
        closed = true;
        pods.forEach(Pod::kill);
        scheduler.shutdownNow();
    }
}
