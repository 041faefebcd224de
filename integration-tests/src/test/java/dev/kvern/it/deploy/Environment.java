package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.ConfigMap;
import io.fabric8.kubernetes.api.model.Container;
import io.fabric8.kubernetes.api.model.EnvVar;
import io.fabric8.kubernetes.api.model.EnvVarSource;
import io.fabric8.kubernetes.api.model.Quantity;
import io.fabric8.kubernetes.api.model.ResourceFieldSelector;
import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A container's environment as its manifest has it: values, references to earlier ones, the downward API, ConfigMaps and Secrets. */
final class Environment {
    private final Manifests manifests;
    private final PodIdentity pod;

    Environment(Manifests manifests, PodIdentity pod) {
        this.manifests = manifests;
        this.pod = pod;
    }

    /** @param image what the image brings, which the manifest may replace */
    Map<String, String> of(Container container, Map<String, String> image) {
        var variables = new LinkedHashMap<String, String>();
        if (!container.getEnvFrom().isEmpty()) {
            throw new IllegalArgumentException("envFrom of " + container.getName() + " (expected: none)");
        }
        for (EnvVar variable : container.getEnv()) {
            EnvVarSource source = variable.getValueFrom();
            String value = source == null
                    ? Expansion.expand(Optional.ofNullable(variable.getValue()).orElse(""), variables)
                    : fromSource(container, source);
            variables.put(variable.getName(), value);
        }
        var all = new LinkedHashMap<>(image);
        all.put("HOSTNAME", pod.name());
        all.putAll(variables);
        return all;
    }

    private String fromSource(Container container, EnvVarSource source) {
        if (source.getFieldRef() != null) {
            return pod.field(source.getFieldRef().getFieldPath());
        }
        if (source.getResourceFieldRef() != null) {
            return fromResource(container, source.getResourceFieldRef());
        }
        if (source.getConfigMapKeyRef() != null) {
            String name = source.getConfigMapKeyRef().getName();
            ConfigMap map = manifests.configMaps().get(name);
            return required(
                    map == null
                            ? null
                            : map.getData().get(source.getConfigMapKeyRef().getKey()),
                    "ConfigMap " + name);
        }
        if (source.getSecretKeyRef() != null) {
            String name = source.getSecretKeyRef().getName();
            Secret secret = manifests.secrets().get(name);
            String key = source.getSecretKeyRef().getKey();
            return new String(
                    required(secret == null ? null : SecretData.of(secret).get(key), "Secret " + name + ", " + key),
                    StandardCharsets.UTF_8);
        }
        throw new IllegalArgumentException("valueFrom: " + source);
    }

    private static String fromResource(Container container, ResourceFieldSelector field) {
        boolean limit = field.getResource().startsWith("limits.");
        String resource = field.getResource().replaceFirst("^(limits|requests)\\.", "");
        Map<String, Quantity> quantities = limit
                ? container.getResources().getLimits()
                : container.getResources().getRequests();
        Quantity quantity = required(quantities.get(resource), "resource " + field.getResource());
        if (field.getDivisor() != null && !field.getDivisor().getAmount().equals("0")) {
            throw new IllegalArgumentException("divisor: " + field.getDivisor() + " (expected: none)");
        }
        return Quantity.getAmountInBytes(quantity).toBigInteger().toString();
    }

    private static <T> T required(@Nullable T value, String what) {
        if (value == null) {
            throw new IllegalArgumentException(what + ": not there");
        }
        return value;
    }
}
