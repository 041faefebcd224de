package dev.kvern.coordinator.http;

import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.TokenHistory;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.StaticHandler;
import java.util.LinkedHashMap;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The dashboard: its page, and what that shows, once and then live. Safe for use by several threads. */
public final class DashboardRoutes implements HttpRoutes, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(DashboardRoutes.class);
    private static final int INTERVAL_MILLIS = 1_000;
    private static final int HISTORY_POINTS = 900;
    private static final String PAGE = "dev/kvern/coordinator/web";

    private final TokenHistory history = new TokenHistory(HISTORY_POINTS);
    private final LiveFeed feed = new LiveFeed();
    private final ClusterFigures figures;
    private final StateJson json;
    private final LongSupplier epochMillis;

    /** @param version of this release */
    public DashboardRoutes(ClusterFigures figures, RequestLog requests, LongSupplier epochMillis, String version) {
        this.figures = figures;
        this.epochMillis = epochMillis;
        this.json = new StateJson(figures, requests, epochMillis, version);
    }

    @Override
    public void addTo(Router router) {
        router.get("/api/state").blockingHandler(context -> json(context, json::state), false);
        router.get("/api/history")
                .blockingHandler(
                        context -> json(context, () -> json.history(INTERVAL_MILLIS, history.points())), false);
        router.get("/api/stream").handler(context -> feed.add(context.response()));
        // The page needs nothing from elsewhere and says so.
        router.get().handler(context -> {
            context.response()
                    .putHeader("Content-Security-Policy", "default-src 'self'")
                    .putHeader("Referrer-Policy", "no-referrer");
            context.next();
        });
        // A new release's page is seen at once, and an old one is not sent again.
        router.get().handler(StaticHandler.create(PAGE).setMaxAgeSeconds(0).setDirectoryListing(false));
    }

    private static void json(RoutingContext context, Supplier<String> body) {
        context.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
                .end(body.get());
    }

    /** Samples what happens and tells open pages, from now on. */
    public void startOn(ScheduledExecutorService timer) {
        timer.scheduleAtFixedRate(this::tick, INTERVAL_MILLIS, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
    }

    private void tick() {
        try {
            TokenHistory.Point point = history.sample(epochMillis.getAsLong(), figures.totals());
            if (!feed.isEmpty()) {
                var events = new LinkedHashMap<String, String>();
                events.put("state", json.state());
                events.put("point", json.point(point));
                feed.send(events);
            }
        } catch (RuntimeException e) {
            log.warn("the dashboard's tick failed", e);
        }
    }

    @Override
    public void close() {
        feed.close();
    }
}
