package dev.kvern.coordinator.openai;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import java.util.concurrent.TimeUnit;

/**
 * The HTTP response to a request: JSON, or events, or an error in whatever of these has begun. What is written to a client that has
 * gone is dropped. Confined to the request's event loop.
 */
final class ApiResponse {
    private static final String JSON = "application/json";

    private final HttpServerResponse http;

    ApiResponse(HttpServerResponse http) {
        this.http = http;
    }

    void json(int status, ObjectNode body) {
        if (!isOver()) {
            http.setStatusCode(status)
                    .putHeader(HttpHeaders.CONTENT_TYPE, JSON)
                    .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                    .end(body.toString());
        }
    }

    /** Sends an event; the first one sends the head before it. */
    void event(String data) {
        if (isOver()) {
            return;
        }
        if (!http.headWritten()) {
            http.setChunked(true)
                    .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream; charset=utf-8")
                    .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                    // Every token would be compressed by itself, and a proxy that collects bytes would keep tokens
                    // back.
                    .putHeader(HttpHeaders.CONTENT_ENCODING, HttpHeaders.IDENTITY)
                    .putHeader("X-Accel-Buffering", "no");
        }
        http.write("data: " + data + "\n\n");
    }

    boolean isFull() {
        return http.writeQueueFull();
    }

    void end() {
        if (!isOver()) {
            http.end();
        }
    }

    void fail(ApiError error) {
        if (isOver()) {
            return;
        }
        if (http.headWritten()) {
            event(error.toJson().toString());
            end();
            return;
        }
        error.retryAfterMillis().ifPresent(millis -> {
            long seconds = TimeUnit.MILLISECONDS.toSeconds(millis + TimeUnit.SECONDS.toMillis(1) - 1);
            http.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(Math.max(1, seconds)))
                    .putHeader("retry-after-ms", Long.toString(millis));
        });
        if (error.status() == 401) {
            http.putHeader("WWW-Authenticate", "Bearer");
        }
        json(error.status(), error.toJson());
    }

    private boolean isOver() {
        return http.ended() || http.closed();
    }
}
