package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * A request's body. What is null counts as absent, as clients send it so. All methods throw an {@link ApiException} that names a
 * field of another type than asked for. Confined to a thread.
 */
final class RequestFields {
    private static final ObjectMapper JSON = new ObjectMapper().enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

    private final ObjectNode body;

    private RequestFields(ObjectNode body) {
        this.body = body;
    }

    /** @param body UTF-8 */
    static RequestFields parse(byte[] body) {
        JsonNode root;
        try {
            root = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            throw ApiError.refused(400, null, "body: " + e.getOriginalMessage() + " (expected: a JSON object)", null)
                    .toException();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
        if (!(root instanceof ObjectNode object)) {
            throw ApiError.refused(400, null, "body: no JSON object (expected: one)", null)
                    .toException();
        }
        return new RequestFields(object);
    }

    Optional<JsonNode> value(String name) {
        JsonNode value = body.path(name);
        return value.isNull() || value.isMissingNode() ? Optional.empty() : Optional.of(value);
    }

    Optional<String> text(String name, int maxCharacters) {
        return value(name).map(value -> {
            if (!value.isTextual() || value.textValue().length() > maxCharacters) {
                throw ApiError.invalid(name, value, "a text of at most " + maxCharacters + " characters")
                        .toException();
            }
            return value.textValue();
        });
    }

    /** A number that a float can hold; whoever uses it checks its range. */
    Optional<Float> number(String name) {
        return value(name).map(value -> {
            if (!value.isNumber()) {
                throw ApiError.invalid(name, value, "a number").toException();
            }
            return value.floatValue();
        });
    }

    OptionalInt whole(String name, int min, int max) {
        return value(name)
                .map(value -> OptionalInt.of(whole(name, value, min, max)))
                .orElse(OptionalInt.empty());
    }

    static int whole(String name, JsonNode value, int min, int max) {
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < min || value.intValue() > max) {
            throw ApiError.invalid(name, value, "a whole number, " + min + " to " + max)
                    .toException();
        }
        return value.intValue();
    }

    OptionalLong wholeLong(String name) {
        return value(name)
                .map(value -> {
                    if (!value.isIntegralNumber() || !value.canConvertToLong()) {
                        throw ApiError.invalid(name, value, "a whole number of 64 bits")
                                .toException();
                    }
                    return OptionalLong.of(value.longValue());
                })
                .orElse(OptionalLong.empty());
    }

    /** False if absent. */
    boolean flag(String name) {
        return value(name).map(value -> flag(name, value)).orElse(false);
    }

    static boolean flag(String name, JsonNode value) {
        if (!value.isBoolean()) {
            throw ApiError.invalid(name, value, "true or false").toException();
        }
        return value.booleanValue();
    }

    /** A list of whole numbers, empty if absent. */
    List<Integer> wholes(String name) {
        var all = new ArrayList<Integer>();
        value(name).ifPresent(value -> {
            if (!value.isArray()) {
                throw ApiError.invalid(name, value, "a list of token ids").toException();
            }
            value.forEach(each -> all.add(whole(name, each, 0, Integer.MAX_VALUE)));
        });
        return all;
    }
}
