package dev.kvern.deploy;

import com.fasterxml.jackson.databind.JsonNode;
import io.fabric8.kubernetes.api.model.autoscaling.v2.HorizontalPodAutoscalerBehavior;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the chart uses of KEDA's ScaledObject, keda.sh/v1alpha1, by its reference: no model of it is published for Java.
 *
 * @see <a href="https://keda.sh/docs/latest/reference/scaledobject-spec/">ScaledObject specification</a>
 * @see <a href="https://keda.sh/docs/latest/scalers/prometheus/">Prometheus scaler</a>
 */
record ScaledObject(String apiVersion, String kind, JsonNode metadata, Spec spec) {
    record Spec(
            Target scaleTargetRef,
            int pollingInterval,
            int minReplicaCount,
            int maxReplicaCount,
            Advanced advanced,
            List<Trigger> triggers) {}

    record Target(String apiVersion, String kind, String name) {}

    record Advanced(Config horizontalPodAutoscalerConfig) {}

    record Config(HorizontalPodAutoscalerBehavior behavior) {}

    /** @param metadata texts only, numbers and booleans too */
    record Trigger(
            String type,
            String name,
            String metricType,
            Map<String, String> metadata,
            @Nullable Authentication authenticationRef) {}

    record Authentication(String name) {}
}
