package dev.kvern.it.deploy;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Secret;
import io.fabric8.kubernetes.api.model.Service;
import io.fabric8.kubernetes.api.model.apps.Deployment;
import io.fabric8.kubernetes.api.model.apps.StatefulSet;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The objects of a rendered chart that the stand-in plays.
 *
 * @param configMaps by name
 * @param secrets by name
 * @param others what it does not play, as KIND/NAME
 */
record Manifests(
        List<StatefulSet> statefulSets,
        List<Deployment> deployments,
        List<Service> services,
        Map<String, ConfigMap> configMaps,
        Map<String, Secret> secrets,
        List<String> others) {

    /** @param yaml several documents */
    static Manifests parse(String yaml) {
        var parsed = new Manifests(
                new ArrayList<>(),
                new ArrayList<>(),
                new ArrayList<>(),
                new LinkedHashMap<>(),
                new LinkedHashMap<>(),
                new ArrayList<>());
        var mapper = new ObjectMapper(new YAMLFactory());
        try (var documents = mapper.readerFor(JsonNode.class).<JsonNode>readValues(yaml)) {
            while (documents.hasNext()) {
                JsonNode document = documents.next();
                if (document != null && document.isObject()) {
                    parsed.add(mapper, document);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return parsed;
    }

    private void add(ObjectMapper mapper, JsonNode document) throws JsonProcessingException {
        String kind = document.path("kind").asText();
        String name = document.path("metadata").path("name").asText();
        switch (kind) {
            case "StatefulSet" -> statefulSets.add(mapper.treeToValue(document, StatefulSet.class));
            case "Deployment" -> deployments.add(mapper.treeToValue(document, Deployment.class));
            case "Service" -> services.add(mapper.treeToValue(document, Service.class));
            case "ConfigMap" -> configMaps.put(name, mapper.treeToValue(document, ConfigMap.class));
            case "Secret" -> secrets.put(name, mapper.treeToValue(document, Secret.class));
            default -> others.add(kind + "/" + name);
        }
    }
}
