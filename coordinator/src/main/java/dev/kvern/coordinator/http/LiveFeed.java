package dev.kvern.coordinator.http;

import com.google.common.util.concurrent.ThreadFactoryBuilder;
import io.javalin.http.sse.SseClient;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * The open server-sent event streams. A client that does not keep up misses what comes meanwhile and holds up nobody else: each
 * has at most one thread that writes to it. Safe for use by several threads.
 */
final class LiveFeed {
    private static final int MAX_CLIENTS = 64;

    /** Whether a client is being written to. */
    private final Map<SseClient, AtomicBoolean> clients = new ConcurrentHashMap<>();

    private final ExecutorService writers = Executors.newCachedThreadPool(new ThreadFactoryBuilder()
            .setNameFormat("kvern-dashboard-%d")
            .setDaemon(true)
            .build());

    /** Takes a new stream; one too many is closed at once. */
    void add(SseClient client) {
        if (clients.size() >= MAX_CLIENTS) {
            client.sendComment("too many dashboards are open: " + MAX_CLIENTS);
            client.close();
            return;
        }
        client.keepAlive();
        client.onClose(() -> clients.remove(client));
        clients.put(client, new AtomicBoolean());
    }

    boolean isEmpty() {
        return clients.isEmpty();
    }

    /** Sends events, by name, to all that have taken the ones before. */
    void send(Map<String, String> events) {
        clients.forEach((client, busy) -> {
            if (client.terminated()) {
                clients.remove(client);
            } else if (busy.compareAndSet(false, true)) {
                writers.execute(() -> {
                    try {
                        events.forEach(client::sendEvent);
                    } finally {
                        busy.set(false);
                    }
                });
            }
        });
    }

    void close() {
        writers.shutdownNow();
        clients.keySet().forEach(SseClient::close);
        clients.clear();
    }
}
