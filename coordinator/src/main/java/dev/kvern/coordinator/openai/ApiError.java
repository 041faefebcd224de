package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * An error as OpenAI's clients expect it. Immutable.
 *
 * @param status of HTTP
 * @param type the kind, for programs
 * @param code what exactly, for programs; null if the kind says all
 * @param message names the value and what was expected
 * @param param the field that must be changed; null if there is none
 * @param retryAfterMillis when trying again may help; empty if it will not, or nobody knows
 */
record ApiError(
        int status,
        String type,
        @Nullable String code,
        String message,
        @Nullable String param,
        OptionalLong retryAfterMillis) {
    static final String INVALID_REQUEST = "invalid_request_error";

    private static final int SHOWN_CHARACTERS = 100;

    static ApiError invalid(String param, Object value, String expected) {
        return refused(400, null, param + ": " + shown(value) + " (expected: " + expected + ")", param);
    }

    /** A field that asks for what Kvern cannot do, so that the answer would be another than the one asked for. */
    static ApiError unsupported(String param, Object value, String expected) {
        return refused(
                400,
                "unsupported_parameter",
                param + ": " + shown(value) + " is not supported (expected: " + expected + ")",
                param);
    }

    static ApiError noSuchModel(String message) {
        return refused(404, "model_not_found", message, "model");
    }

    /** An error that sending the same request again does not mend. */
    static ApiError refused(int status, @Nullable String code, String message, @Nullable String param) {
        return new ApiError(status, INVALID_REQUEST, code, message, param, OptionalLong.empty());
    }

    static ApiError busy(String message, long retryAfterMillis) {
        return new ApiError(
                429,
                "rate_limit_error",
                "rate_limit_exceeded",
                message,
                null,
                OptionalLong.of(Math.max(1, retryAfterMillis)));
    }

    static ApiError server(int status, @Nullable String code, String message, OptionalLong retryAfterMillis) {
        return new ApiError(status, "server_error", code, message, null, retryAfterMillis);
    }

    ApiException toException() {
        return new ApiException(this);
    }

    /** {@code {"error": {…}}}. */
    ObjectNode toJson() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject("error")
                .put("message", message)
                .put("type", type)
                .put("param", param)
                .put("code", code);
        return root;
    }

    private static String shown(Object value) {
        String text =
                value instanceof JsonNode json && json.isTextual() ? "'" + json.textValue() + "'" : value.toString();
        return text.length() <= SHOWN_CHARACTERS ? text : text.substring(0, SHOWN_CHARACTERS) + "…";
    }
}
