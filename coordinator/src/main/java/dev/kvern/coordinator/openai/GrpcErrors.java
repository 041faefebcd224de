package dev.kvern.coordinator.openai;

import dev.kvern.rpc.Failures;
import io.grpc.Metadata;
import io.grpc.Status;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What a failed gRPC call is over HTTP. */
final class GrpcErrors {
    /** Kvern's messages begin with the field: {@code max_tokens: -1 (expected: …)}, {@code prompt.chat.messages: …}. */
    private static final Pattern FIELD =
            Pattern.compile("^(?:sampling\\.)?([a-z_]+)[a-z_.]*(?:\\[\\d+\\])?(?: token \\d+)?: ");

    private static final Pattern TOO_LONG = Pattern.compile("the context holds \\d+ tokens|KV pool of \\d+ tokens");

    /** Names of the wire contract that are not the request's own. */
    private static final Set<String> NOT_FIELDS = Set.of("runner", "runner_id", "internal", "request");

    /** Long enough for a runner's place to be taken by another. */
    private static final long UNAVAILABLE_RETRY_MILLIS = 1_000;

    private static final long BUSY_RETRY_MILLIS = 1_000;

    private GrpcErrors() {}

    static ApiError of(Throwable failure) {
        Status status = Status.fromThrowable(failure);
        String message = status.getDescription() == null ? status.getCode().toString() : status.getDescription();
        return switch (status.getCode()) {
            case INVALID_ARGUMENT, OUT_OF_RANGE -> ApiError.refused(400, code(message), message, field(message));
            case NOT_FOUND ->
                message.startsWith("model: ")
                        ? ApiError.noSuchModel(message)
                        : ApiError.refused(404, "not_found", message, field(message));
            case RESOURCE_EXHAUSTED -> ApiError.busy(message, retryAfterMillis(failure));
            case UNAVAILABLE, CANCELLED -> unavailable(message);
            case DEADLINE_EXCEEDED -> ApiError.server(504, "timeout", message, OptionalLong.empty());
            default -> ApiError.server(500, null, message, OptionalLong.empty());
        };
    }

    static ApiError unavailable(String message) {
        return ApiError.server(503, "unavailable", message, OptionalLong.of(UNAVAILABLE_RETRY_MILLIS));
    }

    static ApiError busy(String message) {
        return ApiError.busy(message, BUSY_RETRY_MILLIS);
    }

    private static @Nullable String code(String message) {
        return TOO_LONG.matcher(message).find() ? "context_length_exceeded" : null;
    }

    private static @Nullable String field(String message) {
        Matcher field = FIELD.matcher(message);
        if (!field.find() || NOT_FIELDS.contains(field.group(1))) {
            return null;
        }
        return message.startsWith("prompt.chat") ? "messages" : field.group(1);
    }

    private static long retryAfterMillis(Throwable failure) {
        Metadata trailers = Status.trailersFromThrowable(failure);
        String hint = trailers == null ? null : trailers.get(Failures.RETRY_AFTER_MILLIS);
        return hint != null && hint.matches("\\d{1,9}") ? Long.parseLong(hint) : BUSY_RETRY_MILLIS;
    }
}
