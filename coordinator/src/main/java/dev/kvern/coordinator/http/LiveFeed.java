package dev.kvern.coordinator.http;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The open server-sent event streams. A client that does not keep up misses what comes meanwhile, is told so, and holds up nobody else. Safe for
 * use by several threads.
 */
final class LiveFeed {
    private static final int MAX_CLIENTS = 64;

    /** Says that events are missing: the page asks for everything anew. */
    private static final Buffer RESYNC = Buffer.buffer(EventStream.event("resync", "{}"));

    private final Set<HttpServerResponse> clients = ConcurrentHashMap.newKeySet();

    /** Those that missed something. */
    private final Set<HttpServerResponse> behind = ConcurrentHashMap.newKeySet();

    /** Takes a new stream; one too many is refused. */
    void add(HttpServerResponse client) {
        if (clients.size() >= MAX_CLIENTS) {
            client.setStatusCode(503).end("dashboards open: " + MAX_CLIENTS + " (expected: fewer; close one)\n");
            return;
        }
        EventStream.begin(client);
        client.closeHandler(closed -> remove(client));
        client.exceptionHandler(failure -> remove(client));
        // So that the browser knows at once that it is connected.
        client.write(": open\n\n");
        clients.add(client);
        if (client.closed()) {
            remove(client);
        }
    }

    private void remove(HttpServerResponse client) {
        clients.remove(client);
        behind.remove(client);
    }

    boolean isEmpty() {
        return clients.isEmpty();
    }

    /** Sends events, by name, each of one line, to all that have taken the ones before. */
    void send(Map<String, String> events) {
        var text = new StringBuilder();
        events.forEach((name, data) -> text.append(EventStream.event(name, data)));
        Buffer bytes = Buffer.buffer(text.toString());
        for (HttpServerResponse client : clients) {
            if (client.writeQueueFull()) {
                behind.add(client);
                // One that went meanwhile has been removed already.
                if (!clients.contains(client)) {
                    behind.remove(client);
                }
            } else if (behind.remove(client)) {
                client.write(RESYNC);
            } else {
                client.write(bytes);
            }
        }
    }

    void close() {
        clients.forEach(HttpServerResponse::end);
        clients.clear();
    }
}
