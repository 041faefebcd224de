package dev.kvern.coordinator.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.kvern.coordinator.membership.MemberList;
import dev.kvern.coordinator.stats.NodeHistory;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.coordinator.stats.TtftHistory;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.StaticHandler;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The dashboard: its page, and what that shows, once and then live. Safe for use by several threads. */
public final class DashboardRoutes implements HttpRoutes, AutoCloseable {
    /** Between two points of the history of tokens. */
    public static final int INTERVAL_MILLIS = 1_000;

    private static final Logger log = LoggerFactory.getLogger(DashboardRoutes.class);
    private static final int TICKS_A_NODE_POINT = 5;
    private static final int MOST_REQUESTS = 500;
    private static final String CONTENT_POLICY =
            "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
    private static final String PAGE = "dev/kvern/coordinator/web";

    private final LiveFeed feed = new LiveFeed();
    private final DashboardData data;
    private final Supplier<MemberList> members;
    private final Optional<PagePassword> password;
    private final StateJson json;
    private final LiveUpdates updates;
    private long ticks;

    /**
     * @param members those there are now
     * @param password asked for the page and its data; empty for none
     */
    public DashboardRoutes(DashboardData data, Supplier<MemberList> members, Optional<PagePassword> password) {
        this.data = data;
        this.members = members;
        this.password = password;
        this.json = new StateJson(data);
        this.updates = new LiveUpdates(data, json);
    }

    @Override
    public void addTo(Router router) {
        password.ifPresent(asked -> {
            router.route("/api/*").handler(asked.handler());
            // A browser's first question is always without: no error of ours, and not to be logged as one.
            router.errorHandler(
                    401, context -> context.response().setStatusCode(401).end());
        });
        answer(router, "/api/state", context -> json.state());
        answer(
                router,
                "/api/history",
                context -> HistoryJson.all(data, INTERVAL_MILLIS, INTERVAL_MILLIS * TICKS_A_NODE_POINT));
        answer(router, "/api/prefixes", context -> json.prefixes());
        answer(router, "/api/events", context -> json.events(0));
        answer(router, "/api/requests", this::requests);
        router.get("/api/requests/:id").blockingHandler(this::request, false);
        router.get("/api/stream").handler(context -> feed.add(context.response()));
    }

    /** What any other address is: the page. To be added after all other routes. */
    public HttpRoutes page() {
        return router -> {
            // The page needs nothing from elsewhere and says so.
            router.get().handler(context -> {
                context.response()
                        .putHeader("Content-Security-Policy", CONTENT_POLICY)
                        .putHeader("Referrer-Policy", "no-referrer");
                context.next();
            });
            password.ifPresent(asked -> router.get().handler(asked.handler()));
            // A new release's page is seen at once, and an old one is not sent again.
            router.get().handler(StaticHandler.create(PAGE).setMaxAgeSeconds(0).setDirectoryListing(false));
        };
    }

    private JsonNode requests(RoutingContext context) {
        long before = number(context, "before", Long.MAX_VALUE);
        int limit = (int) Math.max(1, Math.min(MOST_REQUESTS, number(context, "limit", StateJson.SHOWN_REQUESTS)));
        return json.requests(data.requests().before(before, limit));
    }

    private static long number(RoutingContext context, String name, long otherwise) {
        String text = context.request().getParam(name);
        try {
            return text == null ? otherwise : Long.parseLong(text);
        } catch (NumberFormatException e) {
            return otherwise;
        }
    }

    private void request(RoutingContext context) {
        String id = context.pathParam("id");
        // Callers may use an id again: a line of the log asks for its own number.
        long sequence = number(context, "seq", 0);
        Optional<RequestLog.Entry> found = sequence == 0
                ? data.requests().find(id)
                : data.requests()
                        .numbered(sequence)
                        .filter(entry -> entry.record().requestId().equals(id));
        if (found.isPresent()) {
            send(context, RequestJson.detail(found.get()));
        } else {
            context.response().setStatusCode(404);
            send(
                    context,
                    JsonText.object()
                            .put(
                                    "error",
                                    "request: '" + id + "' (expected: one of the last that limits.request_log keeps)"));
        }
    }

    private interface Answer {
        JsonNode to(RoutingContext context);
    }

    private static void answer(Router router, String path, Answer answer) {
        router.get(path).blockingHandler(context -> send(context, answer.to(context)), false);
    }

    private static void send(RoutingContext context, JsonNode body) {
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(JsonText.of(body));
    }

    /** Samples what happens and tells open pages, from now on. */
    public void startOn(ScheduledExecutorService timer) {
        timer.scheduleAtFixedRate(this::tick, INTERVAL_MILLIS, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            long now = data.epochMillis().getAsLong();
            TokenHistory.Point tokens = data.tokens().sample(now, data.figures().totals());
            NodeHistory.Point nodes =
                    ++ticks % TICKS_A_NODE_POINT == 0 ? data.nodes().sample(now, members.get()) : null;
            if (feed.isEmpty()) {
                return;
            }
            Map<String, String> events = new LinkedHashMap<>();
            events.put("state", JsonText.of(updates.next()));
            events.put("point", JsonText.of(HistoryJson.of(tokens)));
            // The one before too: what was added to it since the last tick is not known there yet.
            List<TtftHistory.Point> ttft = data.ttft().lastTwo(now);
            if (!ttft.isEmpty()) {
                events.put("ttft", JsonText.of(HistoryJson.times(ttft)));
            }
            if (nodes != null) {
                events.put("nodes", JsonText.of(HistoryJson.of(nodes)));
            }
            feed.send(events);
        } catch (RuntimeException e) {
            log.warn("the dashboard's tick failed", e);
        }
    }

    @Override
    public void close() {
        feed.close();
    }
}
