package dev.kvern.it.deploy;

import dev.kvern.it.Await;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Objects;

/** A Deployment: pods that are all alike, the youngest removed first, replaced as its strategy allows. */
final class DeploymentPods implements Workload {
    private static final long LIMIT_SECONDS = 180;

    private final Deployment manifest;
    private final Kubelet kubelet;

    /** Oldest first; those that were told to end are not among them. */
    private final List<Pod> pods = new ArrayList<>();

    private final List<Pod> ending = new ArrayList<>();
    private int revision = 1;
    private int created;

    DeploymentPods(Deployment manifest, Kubelet kubelet) {
        this.manifest = manifest;
        this.kubelet = kubelet;
    }

    @Override
    public String name() {
        return manifest.getMetadata().getName();
    }

    @Override
    public int wantedReplicas() {
        return Objects.requireNonNullElse(manifest.getSpec().getReplicas(), 1);
    }

    @Override
    public synchronized List<Pod> pods() {
        return List.copyOf(pods);
    }

    @Override
    public void scale(int replicas) {
        create(replicas - pods().size());
        List<Pod> all = pods();
        all.subList(replicas, all.size()).forEach(this::delete);
        settle();
    }

    @Override
    public void restart() {
        int wanted = pods().size();
        var rollout = Rollout.of(manifest.getSpec().getStrategy(), wanted);
        revision++;
        Await.until(
                "the pods of " + name() + " to be replaced",
                LIMIT_SECONDS,
                () -> goOn(rollout, wanted),
                left -> left == 0);
        settle();
    }

    /** Does what may be done now; how many old pods are left. */
    private int goOn(Rollout rollout, int wanted) {
        List<Pod> old = pods().stream().filter(pod -> pod.revision() < revision).toList();
        List<Pod> fresh =
                pods().stream().filter(pod -> pod.revision() == revision).toList();
        int freshReady = (int) fresh.stream().filter(Pod::isReady).count();
        Rollout.Step step = rollout.step(wanted, old.size(), fresh.size(), freshReady);
        create(step.created());
        old.subList(0, step.deleted()).forEach(this::delete);
        return old.size() - step.deleted();
    }

    private void settle() {
        pods().forEach(Readiness::await);
        ending.forEach(Readiness::awaitGone);
        ending.clear();
    }

    private void create(int count) {
        for (int i = 0; i < count; i++) {
            PodTemplateSpec template = manifest.getSpec().getTemplate();
            String hash = String.format("%08x", name().hashCode() * 31 + revision);
            var labels = new HashMap<>(template.getMetadata().getLabels());
            labels.put("pod-template-hash", hash);
            String name = name() + "-" + hash + "-" + Integer.toString(36 * 36 * 10 + created++, 36);
            Pod pod = kubelet.start(name, KubernetesStandIn.NAMESPACE, template, labels, revision);
            synchronized (this) {
                pods.add(pod);
            }
        }
    }

    private void delete(Pod pod) {
        synchronized (this) {
            pods.remove(pod);
        }
        ending.add(pod);
        pod.delete();
    }
}
