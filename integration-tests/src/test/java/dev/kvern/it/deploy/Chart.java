package dev.kvern.it.deploy;

import com.marcnuri.helm.Helm;
import dev.kvern.it.Source;
import java.nio.file.Path;

/** Kvern's Helm chart. */
final class Chart {
    private static final Path DIRECTORY = Source.ROOT.resolve("deploy/helm/kvern");

    private Chart() {}

    /** What {@code helm template RELEASE deploy/helm/kvern --values FILE} prints. */
    static Manifests render(String release, Path values) {
        String yaml = new Helm(DIRECTORY)
                .template()
                .withName(release)
                .withNamespace(KubernetesStandIn.NAMESPACE)
                .withValuesFile(values)
                .call();
        return Manifests.parse(yaml);
    }
}
