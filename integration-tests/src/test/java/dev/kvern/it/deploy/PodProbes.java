package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.Probe;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The probes of one start of a container: the start-up probe first, then readiness and liveness, each at its period until it is
 * stopped. Safe for use by several threads.
 */
final class PodProbes {
    /** Who hears what the probes say. */
    interface Listener {
        void ready(boolean ready, String why);

        /** The container is to be ended and started again. */
        void unwell(String why);
    }

    private final Pod pod;
    private final Container container;
    private final Kubelet kubelet;
    private final Listener listener;
    private volatile boolean stopped;

    PodProbes(Pod pod, Container container, Kubelet kubelet, Listener listener) {
        this.pod = pod;
        this.container = container;
        this.kubelet = kubelet;
        this.listener = listener;
    }

    void start() {
        Probe startup = container.getStartupProbe();
        if (startup == null) {
            started();
            return;
        }
        watch(startup, outcome -> {
            if (outcome.verdict() == ProbeTrack.Verdict.SUCCESS) {
                started();
                return false;
            }
            if (outcome.verdict() == ProbeTrack.Verdict.FAILURE) {
                listener.unwell("start-up probe: " + outcome.why());
                return false;
            }
            return true;
        });
    }

    private void started() {
        Probe readiness = container.getReadinessProbe();
        if (readiness == null) {
            listener.ready(true, "no readiness probe");
        } else {
            watch(readiness, outcome -> {
                listener.ready(outcome.verdict() == ProbeTrack.Verdict.SUCCESS, outcome.why());
                return true;
            });
        }
        Probe liveness = container.getLivenessProbe();
        if (liveness != null) {
            watch(liveness, outcome -> {
                if (outcome.verdict() == ProbeTrack.Verdict.FAILURE) {
                    listener.unwell("liveness probe: " + outcome.why());
                    return false;
                }
                return true;
            });
        }
    }

    /** What counts after an attempt, and why the last one failed. */
    private record Outcome(ProbeTrack.Verdict verdict, String why) {}

    private interface Decision {
        /** Whether to go on. */
        boolean after(Outcome outcome);
    }

    private void watch(Probe probe, Decision decision) {
        var track = new ProbeTrack(or(probe.getSuccessThreshold(), 1), or(probe.getFailureThreshold(), 3));
        schedule(or(probe.getInitialDelaySeconds(), 0), probe, track, decision);
    }

    private void schedule(int delaySeconds, Probe probe, ProbeTrack track, Decision decision) {
        kubelet.later(delaySeconds, TimeUnit.SECONDS, () -> {
            if (stopped) {
                return;
            }
            Optional<String> failure = ProbeCheck.of(probe, pod);
            if (!stopped && decision.after(new Outcome(track.attempt(failure.isEmpty()), failure.orElse("")))) {
                schedule(or(probe.getPeriodSeconds(), 10), probe, track, decision);
            }
        });
    }

    private static int or(@Nullable Integer value, int otherwise) {
        return Objects.requireNonNullElse(value, otherwise);
    }

    void stop() {
        stopped = true;
    }
}
