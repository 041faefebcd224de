package dev.kvern.it.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.fabric8.kubernetes.api.model.PodSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A pod's manifest and what is to be run for it. */
class ContainerPlanTest {
    private static final String MANIFESTS = """
            apiVersion: v1
            kind: ConfigMap
            metadata: {name: config}
            data: {node.yaml: "backups: 1\\n"}
            ---
            apiVersion: v1
            kind: Secret
            metadata: {name: keys}
            data: {keys: YWxpY2U=}
            ---
            apiVersion: policy/v1
            kind: PodDisruptionBudget
            metadata: {name: budget}
            ---
            apiVersion: apps/v1
            kind: Deployment
            metadata: {name: pods}
            spec:
              template:
                metadata:
                  labels: {app: kvern}
                spec:
                  securityContext: {runAsNonRoot: true, runAsUser: 10001, runAsGroup: 10002}
                  containers:
                    - name: main
                      image: kvern/node:1
                      args: ["--set", "id=$(POD_NAME)", "--set", "zone=$(ZONE)", "$(MISSING)"]
                      env:
                        - name: POD_NAME
                          valueFrom: {fieldRef: {fieldPath: metadata.name}}
                        - name: ZONE
                          valueFrom: {fieldRef: {fieldPath: "metadata.labels['topology.kubernetes.io/zone']"}}
                        - name: KEY
                          valueFrom: {secretKeyRef: {name: keys, key: keys}}
                        - name: BOTH
                          value: $(POD_NAME) $(KEY) $(LATER)
                        - name: LATER
                          value: last
                        - name: MEMORY
                          valueFrom: {resourceFieldRef: {resource: limits.memory}}
                      resources: {limits: {memory: 256Mi, cpu: 1500m}}
                      securityContext: {readOnlyRootFilesystem: true, allowPrivilegeEscalation: false}
                      volumeMounts:
                        - {name: config, mountPath: /etc/kvern, readOnly: true}
                        - {name: tmp, mountPath: /tmp}
                  volumes:
                    - {name: config, configMap: {name: config}}
                    - {name: tmp, emptyDir: {}}
            """;

    private static final PodInterface NETWORK = new PodInterface("10.213.0.50", "kvern-it-1-0", "kv1p0");

    private final Manifests manifests = Manifests.parse(MANIFESTS);
    private final Image image = new Image(
            "a test",
            Path.of("/image"),
            List.of(),
            List.of("java", "node"),
            List.of("--help"),
            Map.of("LC_ALL", "C.UTF-8", "KEY", "of the image"),
            "/work",
            "1:1");

    @TempDir
    private Path directory;

    @Test
    void aManifestDecidesOnCommandEnvironmentUserAndLimits() {
        ContainerSpec spec = plan(pod());
        assertThat(spec.arguments())
                .containsExactly("java", "node", "--set", "id=node-0", "--set", "zone=", "$(MISSING)");
        assertThat(spec.environment())
                .containsOnly(
                        Map.entry("LC_ALL", "C.UTF-8"),
                        Map.entry("HOSTNAME", "node-0"),
                        Map.entry("POD_NAME", "node-0"),
                        Map.entry("ZONE", ""),
                        Map.entry("KEY", "alice"),
                        // Later variables are not known yet.
                        Map.entry("BOTH", "node-0 alice $(LATER)"),
                        Map.entry("LATER", "last"),
                        Map.entry("MEMORY", "268435456"));
        assertThat(spec.user()).isEqualTo(10_001);
        assertThat(spec.group()).isEqualTo(10_002);
        assertThat(spec.readOnlyRoot()).isTrue();
        assertThat(spec.newPrivileges()).isFalse();
        assertThat(spec.memoryBytes()).isEqualTo(256 << 20);
        assertThat(spec.cpuMillis()).isEqualTo(1_500);
        assertThat(spec.workingDirectory()).isEqualTo("/work");
    }

    @Test
    void volumesAreDirectories() throws IOException {
        List<Mount> mounts = plan(pod()).mounts();
        assertThat(mounts)
                .extracting(Mount::target)
                .containsExactly("/etc/kvern", "/tmp", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf");
        Path config = mounts.get(0).source().resolve("node.yaml");
        assertThat(config).content().isEqualTo("backups: 1\n");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(config)))
                .isEqualTo("rw-r--r--");
        assertThat(mounts.get(0).readOnly()).isTrue();
        Path tmp = mounts.get(1).source();
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(tmp)))
                .isEqualTo("rwxrwxrwx");
        assertThat(mounts.get(4).source())
                .content()
                .isEqualTo(
                        "search kvern.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.213.0.1\noptions ndots:5\n");
    }

    @Test
    void aCommandOfItsOwnReplacesTheImagesAltogether() {
        PodSpec pod = pod();
        pod.getContainers().get(0).setCommand(List.of("sh"));
        pod.getContainers().get(0).setArgs(List.of());
        assertThat(plan(pod).arguments()).containsExactly("sh");
    }

    @Test
    void whatCannotBePlayedIsNamed() {
        PodSpec root = pod();
        root.getSecurityContext().setRunAsUser(0L);
        assertThatThrownBy(() -> plan(root))
                .hasMessageContaining("runAsNonRoot")
                .hasMessageContaining("kvern/node:1");

        PodSpec volume = pod();
        volume.getVolumes().get(0).getConfigMap().setName("other");
        assertThatThrownBy(() -> plan(volume)).hasMessageContaining("volume config");

        PodSpec two = pod();
        two.setContainers(
                List.of(two.getContainers().get(0), two.getContainers().get(0)));
        assertThatThrownBy(() -> plan(two)).hasMessageContaining("containers: 2");
    }

    @Test
    void whatIsNotPlayedIsTold() {
        assertThat(manifests.others()).containsExactly("PodDisruptionBudget/budget");
    }

    private PodSpec pod() {
        return Manifests.parse(MANIFESTS)
                .deployments()
                .get(0)
                .getSpec()
                .getTemplate()
                .getSpec();
    }

    private ContainerSpec plan(PodSpec pod) {
        var identity = new PodIdentity(
                "node-0", "kvern", "uid", Map.of(), Map.of(), "default", NETWORK.address(), "10.213.0.1");
        return new ContainerPlan(manifests, reference -> image, Map.of(), "10.213.0.1")
                .plan(pod, identity, NETWORK, directory, directory.resolve("log"));
    }
}
