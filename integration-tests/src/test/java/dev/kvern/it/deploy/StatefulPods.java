package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.PersistentVolumeClaim;
import io.fabric8.kubernetes.api.model.PodTemplateSpec;
import io.fabric8.kubernetes.api.model.PodTemplateSpecBuilder;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import java.util.stream.IntStream;

/**
 * A StatefulSet: pods with ordinals and names that stay, added from the lowest and removed from the highest, replaced from the
 * highest, one at a time.
 */
final class StatefulPods implements Workload {
    private final StatefulSet manifest;
    private final Kubelet kubelet;
    private final Map<String, Path> claims;
    private final Path volumes;
    private final TreeMap<Integer, Pod> pods = new TreeMap<>();
    private int revision = 1;

    /**
     * @param claims where the volumes of its pods are told
     * @param volumes where they lie
     */
    StatefulPods(StatefulSet manifest, Kubelet kubelet, Map<String, Path> claims, Path volumes) {
        this.manifest = manifest;
        this.kubelet = kubelet;
        this.claims = claims;
        this.volumes = volumes;
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
        return List.copyOf(pods.values());
    }

    @Override
    public void scale(int replicas) {
        boolean oneByOne = !"Parallel".equals(manifest.getSpec().getPodManagementPolicy());
        for (int ordinal = pods().size(); ordinal < replicas; ordinal++) {
            create(ordinal);
            if (oneByOne) {
                Readiness.await(pod(ordinal));
            }
        }
        List<Integer> surplus = IntStream.iterate(
                        pods().size() - 1, ordinal -> ordinal >= replicas, ordinal -> ordinal - 1)
                .boxed()
                .toList();
        if (!oneByOne) {
            surplus.forEach(ordinal -> pod(ordinal).delete());
        }
        surplus.forEach(this::remove);
        pods().forEach(Readiness::await);
    }

    @Override
    public void restart() {
        revision++;
        for (int ordinal = pods().size() - 1; ordinal >= 0; ordinal--) {
            remove(ordinal);
            create(ordinal);
            Readiness.await(
                    pod(ordinal), Objects.requireNonNullElse(manifest.getSpec().getMinReadySeconds(), 0));
        }
    }

    private synchronized Pod pod(int ordinal) {
        return Objects.requireNonNull(pods.get(ordinal));
    }

    private void create(int ordinal) {
        String name = name() + "-" + ordinal;
        PodTemplateSpec template = withClaims(name);
        template.getSpec().setSubdomain(manifest.getSpec().getServiceName());
        var labels = new HashMap<>(template.getMetadata().getLabels());
        labels.put("statefulset.kubernetes.io/pod-name", name);
        labels.put("apps.kubernetes.io/pod-index", String.valueOf(ordinal));
        Pod pod = kubelet.start(name, KubernetesStandIn.NAMESPACE, template, labels, revision);
        synchronized (this) {
            pods.put(ordinal, pod);
        }
    }

    /** The template with the volumes that are this pod's alone. */
    private PodTemplateSpec withClaims(String pod) {
        var template = new PodTemplateSpecBuilder(manifest.getSpec().getTemplate());
        for (PersistentVolumeClaim claim : manifest.getSpec().getVolumeClaimTemplates()) {
            String volume = claim.getMetadata().getName();
            String name = volume + "-" + pod;
            claims.computeIfAbsent(name, n -> Volumes.directory(volumes.resolve(n), null));
            template.editSpec()
                    .addNewVolume()
                    .withName(volume)
                    .withNewPersistentVolumeClaim()
                    .withClaimName(name)
                    .endPersistentVolumeClaim()
                    .endVolume()
                    .endSpec();
        }
        return template.build();
    }

    private void remove(int ordinal) {
        Readiness.awaitGone(pod(ordinal));
        synchronized (this) {
            pods.remove(ordinal);
        }
    }
}
