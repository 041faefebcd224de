package dev.kvern.coordinator.http;

import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.RoutingContext;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * The connections of an HTTP server, so that a server that stops can be rid of them without failing a request: a connection that
 * stays open keeps its client here, whatever a load balancer says. Safe for use by several threads.
 */
final class OpenConnections {
    private final Set<HttpConnection> open = ConcurrentHashMap.newKeySet();
    private volatile boolean last;

    void opened(HttpConnection connection) {
        open.add(connection);
        connection.closeHandler(closed -> open.remove(connection));
    }

    /** To be called with every request, before it is answered. */
    void answering(RoutingContext context) {
        HttpServerRequest request = context.request();
        // HTTP/2 has no such header; its connections end when all do.
        if (last && request.version() != HttpVersion.HTTP_2) {
            context.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
            // Vert.x goes by the request's header only.
            context.addEndHandler(done -> request.connection().close());
        }
    }

    /** Every answer from now on is the last of its connection. */
    void lastAnswers() {
        last = true;
    }

    /** Ends connections once they have answered what they were asked, at the latest after so long. */
    void end(long graceMillis) {
        last = true;
        open.forEach(connection -> connection.shutdown(Math.max(1, graceMillis), TimeUnit.MILLISECONDS));
    }
}
