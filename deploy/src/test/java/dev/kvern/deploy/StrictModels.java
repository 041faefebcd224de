package dev.kvern.deploy;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MapperFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.google.gson.JsonElement;
import com.google.gson.JsonParser;
import java.io.IOException;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether an object is one of Kubernetes': two models of its API made by others, of which one refuses keys that are unknown or missing,
 * the other values of a wrong type. What is not Kubernetes' own has one model only, and no check of missing keys.
 */
final class StrictModels {
    private static final ObjectMapper TYPES = JsonMapper.builder()
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .disable(MapperFeature.ALLOW_COERCION_OF_SCALARS)
            .annotationIntrospector(new JacksonAnnotationIntrospector() {
                /** The models keep what they do not know; here it is a mistake. */
                @Override
                public @Nullable Boolean hasAnySetter(Annotated annotated) {
                    return null;
                }
            })
            .build();

    /** Checks one kind for keys. */
    private interface Keys {
        void check(JsonElement object) throws IOException;
    }

    private record Model(Class<?> types, Keys keys) {}

    private static final Keys UNCHECKED = object -> {};

    private static final Map<String, Model> MODELS = Map.ofEntries(
            Map.entry(
                    "v1/ConfigMap",
                    new Model(
                            io.fabric8.kubernetes.api.model.ConfigMap.class,
                            io.kubernetes.client.openapi.models.V1ConfigMap::validateJsonElement)),
            Map.entry(
                    "v1/Secret",
                    new Model(
                            io.fabric8.kubernetes.api.model.Secret.class,
                            io.kubernetes.client.openapi.models.V1Secret::validateJsonElement)),
            Map.entry(
                    "v1/Service",
                    new Model(
                            io.fabric8.kubernetes.api.model.Service.class,
                            io.kubernetes.client.openapi.models.V1Service::validateJsonElement)),
            Map.entry(
                    "v1/ServiceAccount",
                    new Model(
                            io.fabric8.kubernetes.api.model.ServiceAccount.class,
                            io.kubernetes.client.openapi.models.V1ServiceAccount::validateJsonElement)),
            Map.entry(
                    "apps/v1/Deployment",
                    new Model(
                            io.fabric8.kubernetes.api.model.apps.Deployment.class,
                            io.kubernetes.client.openapi.models.V1Deployment::validateJsonElement)),
            Map.entry(
                    "apps/v1/StatefulSet",
                    new Model(
                            io.fabric8.kubernetes.api.model.apps.StatefulSet.class,
                            io.kubernetes.client.openapi.models.V1StatefulSet::validateJsonElement)),
            Map.entry(
                    "policy/v1/PodDisruptionBudget",
                    new Model(
                            io.fabric8.kubernetes.api.model.policy.v1.PodDisruptionBudget.class,
                            io.kubernetes.client.openapi.models.V1PodDisruptionBudget::validateJsonElement)),
            Map.entry(
                    "networking.k8s.io/v1/NetworkPolicy",
                    new Model(
                            io.fabric8.kubernetes.api.model.networking.v1.NetworkPolicy.class,
                            io.kubernetes.client.openapi.models.V1NetworkPolicy::validateJsonElement)),
            Map.entry(
                    "networking.k8s.io/v1/Ingress",
                    new Model(
                            io.fabric8.kubernetes.api.model.networking.v1.Ingress.class,
                            io.kubernetes.client.openapi.models.V1Ingress::validateJsonElement)),
            Map.entry(
                    "autoscaling/v2/HorizontalPodAutoscaler",
                    new Model(
                            io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscaler.class,
                            io.kubernetes.client.openapi.models.V2HorizontalPodAutoscaler::validateJsonElement)),
            Map.entry(
                    "gateway.networking.k8s.io/v1/HTTPRoute",
                    new Model(io.fabric8.kubernetes.api.model.gatewayapi.v1.HTTPRoute.class, UNCHECKED)),
            Map.entry(
                    "monitoring.coreos.com/v1/ServiceMonitor",
                    new Model(io.fabric8.openshift.api.model.monitoring.v1.ServiceMonitor.class, UNCHECKED)),
            Map.entry(
                    "monitoring.coreos.com/v1/PrometheusRule",
                    new Model(io.fabric8.openshift.api.model.monitoring.v1.PrometheusRule.class, UNCHECKED)),
            Map.entry("keda.sh/v1alpha1/ScaledObject", new Model(ScaledObject.class, UNCHECKED)));

    private StrictModels() {}

    /** @throws IllegalArgumentException saying what is wrong with it */
    static void check(JsonNode object) {
        String kind =
                object.path("apiVersion").asText() + "/" + object.path("kind").asText();
        Model model = MODELS.get(kind);
        if (model == null) {
            throw new IllegalArgumentException(kind + " (expected: one of " + MODELS.keySet() + ")");
        }
        try {
            TYPES.treeToValue(object, model.types);
            model.keys.check(JsonParser.parseString(object.toString()));
        } catch (IOException e) {
            throw new IllegalArgumentException(kind + ": " + e.getMessage(), e);
        }
    }
}
