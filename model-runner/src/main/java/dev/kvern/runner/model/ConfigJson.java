package dev.kvern.runner.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/**
 * Typed reads of a JSON object. A mistake is noted and a stand-in returned, so that all of them can be reported
 * together. An explicit null counts as absent. Confined to a thread.
 */
final class ConfigJson {
    private static final int SHOWN_CHARACTERS = 80;

    private final JsonNode node;
    private final String path;
    private final List<String> mistakes;

    ConfigJson(JsonNode node) {
        this(node, "", new ArrayList<>());
    }

    private ConfigJson(JsonNode node, String path, List<String> mistakes) {
        this.node = node;
        this.path = path;
        this.mistakes = mistakes;
    }

    List<String> mistakes() {
        return List.copyOf(mistakes);
    }

    void mistake(String key, String expected) {
        JsonNode value = node.get(key);
        String shown = value == null ? "missing" : value.toString();
        if (shown.length() > SHOWN_CHARACTERS) {
            shown = shown.substring(0, SHOWN_CHARACTERS) + "…";
        }
        mistakes.add(path + key + ": " + shown + " (expected: " + expected + ")");
    }

    boolean has(String key) {
        return node.hasNonNull(key);
    }

    /** The key is there, though perhaps null. */
    boolean mentions(String key) {
        return node.has(key);
    }

    JsonNode get(String key) {
        JsonNode value = node.get(key);
        return value == null ? MissingNode.getInstance() : value;
    }

    /** A nested object; an empty one if absent or, with a mistake noted, of another type. */
    ConfigJson object(String key) {
        JsonNode value = get(key);
        if (has(key) && !value.isObject()) {
            mistake(key, "an object");
        }
        return new ConfigJson(value.isObject() ? value : MissingNode.getInstance(), path + key + ".", mistakes);
    }

    int positiveInt(String key) {
        JsonNode value = get(key);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            mistake(key, "a whole number from 1 to " + Integer.MAX_VALUE);
            return 1;
        }
        return value.intValue();
    }

    int positiveInt(String key, int absent) {
        return has(key) ? positiveInt(key) : absent;
    }

    /** A finite number for which {@code accepts} holds. */
    double number(String key, Predicate<Double> accepts, String expected) {
        JsonNode value = get(key);
        if (!value.isNumber() || !Double.isFinite(value.doubleValue()) || !accepts.test(value.doubleValue())) {
            mistake(key, expected);
            return 1;
        }
        return value.doubleValue();
    }

    double number(String key, Predicate<Double> accepts, String expected, double absent) {
        return has(key) ? number(key, accepts, expected) : absent;
    }

    boolean flag(String key, boolean absent) {
        if (!has(key)) {
            return absent;
        }
        if (!get(key).isBoolean()) {
            mistake(key, "true or false");
            return absent;
        }
        return get(key).booleanValue();
    }

    String text(String key, String absent) {
        if (!has(key)) {
            return absent;
        }
        if (!get(key).isTextual()) {
            mistake(key, "a text");
            return absent;
        }
        return get(key).textValue();
    }

    List<String> texts(String key) {
        JsonNode value = get(key);
        var texts = new ArrayList<String>();
        boolean allTexts = value.isArray();
        for (JsonNode item : value) {
            allTexts &= item.isTextual();
            texts.add(item.asText());
        }
        if (!allTexts) {
            mistake(key, "a list of texts");
            return List.of();
        }
        return texts;
    }
}
