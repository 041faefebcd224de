package dev.kvern.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.StreamSupport;

/**
 * Objects that were rendered. Immutable.
 *
 * @param objects as in their YAML
 */
record Manifests(List<JsonNode> objects) {
    private static final Set<String> WORKLOADS = Set.of("Deployment", "StatefulSet");

    Manifests {
        objects = List.copyOf(objects);
    }

    List<JsonNode> all(String kind) {
        return objects.stream()
                .filter(object -> object.get("kind").textValue().equals(kind))
                .toList();
    }

    /** @throws AssertionError if it is not there */
    JsonNode get(String kind, String name) {
        return all(kind).stream()
                .filter(object -> name(object).equals(name))
                .findFirst()
                .orElseThrow(() -> new AssertionError("no " + kind + " " + name + " in " + names()));
    }

    boolean has(String kind, String name) {
        return all(kind).stream().anyMatch(object -> name(object).equals(name));
    }

    /** Deployments and StatefulSets. */
    List<JsonNode> workloads() {
        return objects.stream()
                .filter(object -> WORKLOADS.contains(object.get("kind").textValue()))
                .toList();
    }

    /** KIND/NAME of each. */
    List<String> names() {
        return objects.stream()
                .map(object -> object.get("kind").textValue() + "/" + name(object))
                .toList();
    }

    static String name(JsonNode object) {
        return object.at("/metadata/name").textValue();
    }

    /** Of a workload. */
    static JsonNode container(JsonNode workload) {
        return workload.at("/spec/template/spec/containers/0");
    }

    /** The labels of a workload's pods. */
    static TreeMap<String, String> podLabels(JsonNode workload) {
        return texts(workload.at("/spec/template/metadata/labels"));
    }

    static TreeMap<String, String> texts(JsonNode map) {
        var texts = new TreeMap<String, String>();
        map.properties()
                .forEach(entry -> texts.put(entry.getKey(), entry.getValue().asText()));
        return texts;
    }

    static List<JsonNode> list(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false).toList();
    }

    /** The value of a variable of the container's environment; empty where it comes from elsewhere. */
    static String environment(JsonNode container, String name) {
        for (JsonNode variable : container.at("/env")) {
            if (variable.get("name").textValue().equals(name)) {
                return variable.path("value").asText();
            }
        }
        throw new AssertionError("no variable " + name);
    }

    /** What the container is started with, its variables put in. */
    static List<String> arguments(JsonNode container, Map<String, String> variables) {
        var arguments = new ArrayList<String>();
        for (JsonNode argument : container.at("/args")) {
            String text = argument.textValue();
            for (var variable : variables.entrySet()) {
                text = text.replace("$(" + variable.getKey() + ")", variable.getValue());
            }
            arguments.add(text);
        }
        return arguments;
    }
}
