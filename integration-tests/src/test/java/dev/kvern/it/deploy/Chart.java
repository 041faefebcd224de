package dev.kvern.it.deploy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import dev.kvern.it.Source;
import java.nio.file.Path;
import java.util.Map;

/** Kvern's Helm chart. */
final class Chart {
    private static final Path DIRECTORY = Source.ROOT.resolve("deploy/helm/kvern");
    private static final String KUBERNETES = "1.34.0";

    private Chart() {}

    /**
     * What {@code helm template RELEASE deploy/helm/kvern --values FILE --set KEY=VALUE...} prints.
     *
     * @param set single values, above those of the file
     */
    static String render(String release, Path values, Map<String, String> set) {
        TemplateCommand command = new Helm(DIRECTORY)
                .template()
                .withName(release)
                .withNamespace(KubernetesStandIn.NAMESPACE)
                .withKubeVersion(KUBERNETES)
                .withValuesFile(values);
        set.forEach(command::set);
        return command.call();
    }
}
