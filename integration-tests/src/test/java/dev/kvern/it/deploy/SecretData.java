package dev.kvern.it.deploy;

import io.fabric8.kubernetes.api.model.Secret;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/** A Secret's values, which are text in {@code stringData} and Base64 in {@code data}. */
final class SecretData {
    private SecretData() {}

    static Map<String, byte[]> of(Secret secret) {
        var values = new LinkedHashMap<String, byte[]>();
        Optional.ofNullable(secret.getData())
                .orElse(Map.of())
                .forEach((key, value) -> values.put(key, Base64.getDecoder().decode(value)));
        Optional.ofNullable(secret.getStringData())
                .orElse(Map.of())
                .forEach((key, value) -> values.put(key, value.getBytes(StandardCharsets.UTF_8)));
        return values;
    }
}
