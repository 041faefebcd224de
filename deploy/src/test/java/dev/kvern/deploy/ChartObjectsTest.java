package dev.kvern.deploy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.Quantity;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** Every object that the chart renders is one that Kubernetes takes. */
class ChartObjectsTest {
    private static final Pattern NAME = Pattern.compile("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
    private static final Pattern LABEL = Pattern.compile("([A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?)?");

    static List<Path> examples() {
        return Chart.examples();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void isWhatKubernetesTakes(Path values) {
        Manifests manifests = Chart.example(values);
        assertThat(manifests.names()).hasSizeGreaterThan(10).doesNotHaveDuplicates();
        for (JsonNode object : manifests.objects()) {
            StrictModels.check(object);
            String name = Manifests.name(object);
            assertThat(name).matches(NAME).hasSizeLessThanOrEqualTo(63);
            assertThat(object.at("/metadata/namespace").textValue()).as(name).isEqualTo(Chart.NAMESPACE);
            assertThat(Manifests.texts(object.at("/metadata/labels")))
                    .as("labels of %s", name)
                    .containsEntry("app.kubernetes.io/instance", Chart.RELEASE)
                    .allSatisfy(
                            (label, value) -> assertThat(value).matches(LABEL).hasSizeLessThanOrEqualTo(63));
            requireQuantities(object, name);
        }
    }

    /** Labels are texts, also where all that is in them are digits. */
    @Test
    void namesMayLookLikeNumbers() {
        Manifests manifests = Chart.render("""
                nameOverride: "12"
                monitoring: {prometheusRule: {enabled: true}}
                models: {"7": {volume: {hostPath: /m}, autoscaling: {enabled: true}}}
                """);
        manifests.objects().forEach(StrictModels::check);
        assertThat(manifests.objects())
                .allSatisfy(object -> assertThat(object.at("/metadata/labels")).allMatch(JsonNode::isTextual));
    }

    /** Neither model reads them. */
    private static void requireQuantities(JsonNode object, String where) {
        for (String field : List.of("requests", "limits")) {
            for (JsonNode values : object.findValues(field)) {
                values.properties()
                        .forEach(
                                value -> requireQuantity(where + " " + field + " " + value.getKey(), value.getValue()));
            }
        }
        object.findValues("sizeLimit").forEach(value -> requireQuantity(where + " sizeLimit", value));
        object.findValues("averageValue").forEach(value -> requireQuantity(where + " averageValue", value));
    }

    private static void requireQuantity(String where, JsonNode value) {
        assertThat(Quantity.getAmountInBytes(Quantity.parse(value.asText())))
                .as("%s: %s", where, value)
                .isPositive();
    }

    /** What the check finds, so that its silence means something. */
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "unknown key        | StatefulSet | /spec | podManagmentPolicy | \"Parallel\"",
                "unknown, deep      | StatefulSet | /spec/template/spec/containers/0/readinessProbe | periodSecond | 5",
                "missing key        | StatefulSet | /spec/template/spec/containers/0 | name | ",
                "missing, deep      | StatefulSet | /spec/template/spec/containers/0/readinessProbe/grpc | port | ",
                "text for a number  | StatefulSet | /spec | minReadySeconds | \"soon\"",
                "number for a text  | StatefulSet | /spec/template/spec/containers/0 | workingDir | []",
                "text for a list    | StatefulSet | /spec/template/spec/containers/0 | args | \"--config\"",
                "unknown in a CRD   | ServiceMonitor | /spec/endpoints/0 | intervall | \"15s\"",
                "type in a CRD      | PrometheusRule | /spec | groups | \"none\"",
                "unknown in KEDA's  | ScaledObject | /spec | minReplicas | 1",
                "type in KEDA's     | ScaledObject | /spec | triggers | {}",
            })
    void mistakesAreFound(String what, String kind, String at, String key, String value) {
        ObjectNode object = Chart.example("keda").all(kind).get(0).deepCopy();
        StrictModels.check(object);
        var parent = (ObjectNode) object.at(at);
        if (value == null) {
            parent.remove(key);
        } else {
            parent.set(key, Chart.yaml(value));
        }
        assertThatThrownBy(() -> StrictModels.check(object)).as(what).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void whatIsNotAQuantityIsFound() {
        ObjectNode object =
                Chart.example("default").get("StatefulSet", "kvern-node").deepCopy();
        ((ObjectNode) Manifests.container(object).at("/resources/limits")).put("memory", "4 gigabytes");
        assertThatThrownBy(() -> requireQuantities(object, "")).isInstanceOf(IllegalArgumentException.class);
    }
}
