package dev.kvern.coordinator.http;

import io.javalin.http.sse.SseClient;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/** The open server-sent event streams. Safe for use by several threads; sends on the caller's thread. */
final class LiveFeed {
    private static final int MAX_CLIENTS = 64;

    private final Set<SseClient> clients = ConcurrentHashMap.newKeySet();

    /** Takes a new stream; one too many is closed at once. */
    void add(SseClient client) {
        if (clients.size() >= MAX_CLIENTS) {
            client.sendComment("too many dashboards are open: " + MAX_CLIENTS);
            client.close();
            return;
        }
        client.keepAlive();
        client.onClose(() -> clients.remove(client));
        clients.add(client);
    }

    boolean isEmpty() {
        return clients.isEmpty();
    }

    void send(String event, String data) {
        for (SseClient client : clients) {
            if (client.terminated()) {
                clients.remove(client);
            } else {
                client.sendEvent(event, data);
            }
        }
    }

    void close() {
        clients.forEach(SseClient::close);
        clients.clear();
    }
}
