package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.ContainerPort;
import io.fabric8.kubernetes.api.model.IntOrString;
import io.fabric8.kubernetes.api.model.PodSpec;
import java.util.Objects;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A pod of one container: started, probed, started again when it ends by itself or is unwell, and told to end. Guarded by itself.
 */
final class Pod implements PodProbes.Listener {
    private static final long DEFAULT_GRACE_SECONDS = 30;

    /** Before the second start again; doubled for each further one. */
    private static final long BACK_OFF_SECONDS = 10;

    private static final int ENDED_BY_TERM = 128 + 15;

    private final PodIdentity identity;
    private final PodInterface network;
    private final PodSpec manifest;
    private final ContainerSpec spec;
    private final int revision;
    private final Kubelet kubelet;
    private final CompletableFuture<Void> gone = new CompletableFuture<>();
    private @Nullable RunningContainer container;
    private @Nullable PodProbes probes;
    private int restarts;
    private boolean ready;
    private long readySince;
    private long toldToEnd;
    private boolean terminating;
    private boolean abandoned;

    /** @param revision of the template that it was made from */
    Pod(
            PodIdentity identity,
            PodInterface network,
            PodSpec manifest,
            ContainerSpec spec,
            int revision,
            Kubelet kubelet) {
        this.identity = identity;
        this.network = network;
        this.manifest = manifest;
        this.spec = spec;
        this.revision = revision;
        this.kubelet = kubelet;
    }

    PodIdentity identity() {
        return identity;
    }

    PodInterface network() {
        return network;
    }

    int revision() {
        return revision;
    }

    /** The headless Service in which it has a name of its own; empty: none. */
    String subdomain() {
        return Objects.requireNonNullElse(manifest.getSubdomain(), "");
    }

    /** A port by number, or by the name that its container gives it. */
    int port(IntOrString port) {
        if (port.getIntVal() != null) {
            return port.getIntVal();
        }
        return ContainerPlan.only(manifest).getPorts().stream()
                .filter(named -> port.getStrVal().equals(named.getName()))
                .map(ContainerPort::getContainerPort)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "port: " + port.getStrVal() + " (expected: a name of a port of " + identity.name() + ")"));
    }

    synchronized boolean isReady() {
        return ready;
    }

    /** For how long it has been ready; negative if it is not. */
    synchronized double readySeconds() {
        return ready ? (System.nanoTime() - readySince) / 1e9 : -1;
    }

    synchronized boolean isTerminating() {
        return terminating;
    }

    boolean isGone() {
        return gone.isDone();
    }

    synchronized void start() {
        if (terminating) {
            return;
        }
        RunningContainer started = kubelet.runtime().start(spec);
        container = started;
        probes = new PodProbes(this, ContainerPlan.only(manifest), kubelet, this);
        probes.start();
        var unused = started.exit().thenAccept(exit -> kubelet.later(0, TimeUnit.SECONDS, () -> ended(exit)));
    }

    /** Tells it to end, if nobody has, and ends it by force after its grace period. */
    void delete() {
        synchronized (this) {
            if (terminating) {
                return;
            }
            terminating = true;
            toldToEnd = System.nanoTime();
        }
        kubelet.changed();
        RunningContainer running = running();
        if (running == null) {
            finish();
            return;
        }
        running.signal("TERM");
        long grace = Objects.requireNonNullElse(manifest.getTerminationGracePeriodSeconds(), DEFAULT_GRACE_SECONDS);
        kubelet.later(grace, TimeUnit.SECONDS, () -> {
            if (!isGone()) {
                kubelet.incidents()
                        .add(identity.name() + " was killed: it had not ended " + grace + " s after SIGTERM; see "
                                + spec.log());
                running.signal("KILL");
            }
        });
    }

    /** Done when nothing is left of it. */
    CompletableFuture<Void> gone() {
        return gone;
    }

    /** Ends it at once; what is left of it is somebody else's to remove. */
    void kill() {
        synchronized (this) {
            terminating = true;
            abandoned = true;
        }
        RunningContainer running = running();
        if (running != null) {
            running.signal("KILL");
        }
    }

    /** Ends its processes as a machine does that fails; they are started again. */
    void crash() {
        RunningContainer running = running();
        if (running != null) {
            running.signal("KILL");
        }
    }

    private synchronized @Nullable RunningContainer running() {
        return container;
    }

    @Override
    public void ready(boolean now, String why) {
        synchronized (this) {
            if (ready == now) {
                return;
            }
            ready = now;
            readySince = System.nanoTime();
            if (!terminating) {
                kubelet.say(identity.name() + (now ? " is ready" : " is not ready: " + why));
            }
        }
        kubelet.changed();
    }

    @Override
    public void unwell(String why) {
        RunningContainer running;
        synchronized (this) {
            if (terminating) {
                return;
            }
            running = container;
        }
        kubelet.incidents().add(identity.name() + " is killed and started again: " + why + "; see " + spec.log());
        if (running != null) {
            running.signal("KILL");
        }
    }

    private void ended(int exit) {
        boolean over;
        synchronized (this) {
            if (abandoned) {
                return;
            }
            over = terminating;
            ready = false;
            Objects.requireNonNull(probes).stop();
            Objects.requireNonNull(container).remove();
            container = null;
        }
        if (over) {
            if (exit != 0 && exit != ENDED_BY_TERM) {
                kubelet.incidents().add(identity.name() + " ended with exit code " + exit + "; see " + spec.log());
            }
            kubelet.say(String.format(
                    "%s has ended with exit code %d, %.1f s after SIGTERM",
                    identity.name(), exit, (System.nanoTime() - toldToEnd) / 1e9));
            finish();
            return;
        }
        kubelet.changed();
        kubelet.incidents()
                .add(identity.name() + " has ended by itself with exit code " + exit + "; see " + spec.log());
        long wait = restarts == 0 ? 0 : BACK_OFF_SECONDS << Math.min(restarts - 1, 5);
        restarts++;
        kubelet.later(wait, TimeUnit.SECONDS, this::start);
    }

    private void finish() {
        kubelet.network().detach(network);
        gone.complete(null);
        kubelet.changed();
    }

    @Override
    public String toString() {
        return identity.name();
    }
}
