package dev.kvern.it.deploy;

import com.marcnuri.helm.Helm;
import com.marcnuri.helm.TemplateCommand;
import dev.kvern.it.Source;
import java.nio.file.Path;
import java.util.Map;
import sun.misc.Signal;

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
        try {
            return command.call();
        } finally {
            endOnSignals();
        }
    }

    /** Helm's library waits for these itself, for ever: the JVM would not hear of them any more, and nothing would be removed. */
    private static void endOnSignals() {
        for (Map.Entry<String, Integer> signal :
                Map.of("HUP", 1, "INT", 2, "TERM", 15).entrySet()) {
            Signal.handle(new Signal(signal.getKey()), received -> System.exit(128 + signal.getValue()));
        }
    }
}
