package dev.kvern.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import com.marcnuri.helm.Helm;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/** The chart, and what Helm makes of it. */
final class Chart {
    static final Path DIRECTORY = Path.of("helm", "kvern");
    static final String RELEASE = "kvern";
    static final String NAMESPACE = "llm";

    /** Rendered for: in process, Helm takes itself for a much older one. */
    static final String KUBERNETES = "1.34.0";

    private static final ObjectMapper YAML = new YAMLMapper();

    /** Of the examples, which many tests look at. */
    private static final Map<Path, Manifests> RENDERED = new ConcurrentHashMap<>();

    private Chart() {}

    /** The files of values in {@code ci}, each another way to use the chart. */
    static List<Path> examples() {
        try (Stream<Path> files = Files.list(DIRECTORY.resolve("ci"))) {
            return files.sorted().toList();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One of them: "gpu". */
    static Manifests example(String name) {
        return example(DIRECTORY.resolve("ci/" + name + "-values.yaml"));
    }

    static Manifests example(Path values) {
        return RENDERED.computeIfAbsent(values, Chart::render);
    }

    private static Manifests render(Path values) {
        return parse(new Helm(DIRECTORY)
                .template()
                .withName(RELEASE)
                .withNamespace(NAMESPACE)
                .withKubeVersion(KUBERNETES)
                .withValuesFile(values)
                .call());
    }

    /** @param values as YAML */
    static Manifests render(String values) {
        try {
            Path file = Files.createTempFile("values", ".yaml");
            try {
                Files.writeString(file, values);
                return render(file);
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static JsonNode yaml(String text) {
        try {
            return YAML.readTree(text);
        } catch (IOException e) {
            throw new UncheckedIOException(text, e);
        }
    }

    private static Manifests parse(String stream) {
        try (var values = YAML.readerFor(JsonNode.class).<JsonNode>readValues(new YAMLFactory().createParser(stream))) {
            return new Manifests(values.readAll().stream()
                    .filter(object -> !object.isNull() && !object.isMissingNode())
                    .toList());
        } catch (IOException e) {
            throw new UncheckedIOException(stream, e);
        }
    }
}
