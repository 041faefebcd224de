package dev.kvern.config;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Loads a process's configuration. The commented defaults are a YAML resource beside the record, {@code
 * <name>-defaults.yaml}, and name every key there is: a key the defaults lack is a mistake, and so is a value of another
 * type than the default's. A default of null takes any scalar. Confined to a thread.
 */
public final class ConfigLoader<T extends Record & Validated> {
    private static final Set<String> SECRET_WORDS = Set.of("secret", "password", "token_file", "api_key", "api_keys");

    private final ObjectMapper yaml = YAMLMapper.builder()
            .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
            .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
            .build();
    private final ObjectMapper binder = JsonMapper.builder()
            .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
            .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
            .enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();
    private final Class<T> type;
    private final String defaultsResource;

    /** @param defaultsResource name of the defaults beside {@code type}, such as "node-defaults.yaml" */
    public ConfigLoader(Class<T> type, String defaultsResource) {
        this.type = type;
        this.defaultsResource = defaultsResource;
    }

    /** A configuration and how to show it. */
    public record Loaded<T>(T config, String effectiveYaml) {}

    /**
     * Defaults, then {@code file}, then {@code overrides} of the form {@code a.b=value} (the value is read as YAML).
     *
     * @throws ConfigException with all mistakes together
     */
    public Loaded<T> load(@Nullable Path file, List<String> overrides) throws ConfigException {
        var problems = new Problems();
        ObjectNode defaults = readDefaults();
        ObjectNode tree = defaults.deepCopy();
        if (file != null) {
            merge(tree, readFile(file, problems), "", problems);
        }
        for (String override : overrides) {
            applyOverride(tree, override, problems);
        }
        T config = bind(tree, problems);
        if (config != null) {
            config.validate(problems);
        }
        if (config == null || !problems.found().isEmpty()) {
            throw new ConfigException(problems.found());
        }
        return new Loaded<>(config, show(tree));
    }

    private ObjectNode readDefaults() {
        try (InputStream in = type.getResourceAsStream(defaultsResource)) {
            if (in == null) {
                throw new IllegalStateException("no resource " + defaultsResource + " beside " + type.getName());
            }
            return (ObjectNode) yaml.readTree(in);
        } catch (IOException e) {
            throw new IllegalStateException(defaultsResource, e);
        }
    }

    private @Nullable JsonNode readFile(Path file, Problems problems) {
        if (!Files.isRegularFile(file)) {
            problems.add("config file: " + file + " (expected: an existing YAML file)");
            return null;
        }
        try {
            return yaml.readTree(Files.readAllBytes(file));
        } catch (JsonProcessingException e) {
            var at = e.getLocation();
            problems.add("config file: " + file + (at == null ? "" : " line " + at.getLineNr()) + ": "
                    + e.getOriginalMessage() + " (expected: YAML)");
        } catch (IOException e) {
            problems.add("config file: " + file + ": " + e + " (expected: a readable file)");
        }
        return null;
    }

    private void applyOverride(ObjectNode tree, String override, Problems problems) {
        int equals = override.indexOf('=');
        if (equals <= 0) {
            problems.add("--set: '" + override + "' (expected: key=value)");
            return;
        }
        String[] path = override.substring(0, equals).strip().split("\\.", -1);
        ObjectNode patch = binder.createObjectNode();
        ObjectNode at = patch;
        for (int i = 0; i < path.length - 1; i++) {
            at = at.putObject(path[i]);
        }
        String text = override.substring(equals + 1);
        JsonNode value;
        try {
            value = text.isBlank() ? binder.getNodeFactory().textNode(text) : yaml.readTree(text);
        } catch (JsonProcessingException e) {
            value = binder.getNodeFactory().textNode(text);
        }
        at.set(path[path.length - 1], value);
        merge(tree, patch, "", problems);
    }

    private static void merge(ObjectNode into, @Nullable JsonNode from, String prefix, Problems problems) {
        if (from == null || from.isNull() || from.isMissingNode()) {
            return;
        }
        if (!from.isObject()) {
            problems.add((prefix.isEmpty() ? "configuration" : prefix) + ": " + from + " (expected: a map of keys)");
            return;
        }
        for (var entry : from.properties()) {
            String key = prefix.isEmpty() ? entry.getKey() : prefix + "." + entry.getKey();
            JsonNode known = into.get(entry.getKey());
            JsonNode value = entry.getValue();
            if (known == null) {
                var keys = new TreeSet<String>();
                into.fieldNames().forEachRemaining(keys::add);
                problems.add(key + ": unknown key (expected: one of " + String.join(", ", keys) + ")");
            } else if (known.isObject()) {
                merge((ObjectNode) known, value, key, problems);
            } else if (fits(known, value)) {
                into.set(entry.getKey(), known.isTextual() ? asText(into, value) : value);
            } else {
                problems.add(key + ": " + value + " (expected: " + describe(known) + ")");
            }
        }
    }

    private static JsonNode asText(ObjectNode factory, JsonNode value) {
        return value.isTextual() ? value : factory.textNode(value.asText());
    }

    private static boolean fits(JsonNode known, JsonNode value) {
        if (known.isNull()) {
            return value.isValueNode();
        }
        if (known.isTextual()) {
            // A host name such as 10 or a name such as yes is still a text to us.
            return value.isValueNode() && !value.isNull();
        }
        if (known.isFloatingPointNumber()) {
            return value.isNumber();
        }
        if (known.isIntegralNumber()) {
            return value.isIntegralNumber();
        }
        return known.isBoolean() ? value.isBoolean() : known.isArray() && value.isArray();
    }

    private static String describe(JsonNode known) {
        if (known.isFloatingPointNumber()) {
            return "a number";
        }
        if (known.isIntegralNumber()) {
            return "a whole number";
        }
        return known.isBoolean() ? "true or false" : known.isArray() ? "a list" : "a text";
    }

    private @Nullable T bind(ObjectNode tree, Problems problems) {
        try {
            return binder.treeToValue(tree, type);
        } catch (JsonMappingException e) {
            String key = e.getPath().stream()
                    .map(step -> step.getFieldName() == null ? "[" + step.getIndex() + "]" : step.getFieldName())
                    .collect(Collectors.joining("."));
            problems.add(key + ": " + e.getOriginalMessage());
            return null;
        } catch (JsonProcessingException e) {
            problems.add(e.getOriginalMessage());
            return null;
        } catch (IllegalArgumentException e) {
            problems.add(String.valueOf(e.getMessage()));
            return null;
        }
    }

    private String show(ObjectNode tree) {
        ObjectNode shown = tree.deepCopy();
        mask(shown);
        try {
            return yaml.writeValueAsString(shown);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** A text's isEmpty() is always true: it has no elements. */
    private static boolean isBlank(JsonNode value) {
        return value.isNull() || (value.isTextual() ? value.asText().isEmpty() : value.isArray() && value.isEmpty());
    }

    private static void mask(ObjectNode node) {
        for (var entry : node.properties()) {
            if (entry.getValue() instanceof ObjectNode child) {
                mask(child);
            } else if (SECRET_WORDS.contains(entry.getKey()) && !isBlank(entry.getValue())) {
                node.put(entry.getKey(), "***");
            }
        }
    }
}
