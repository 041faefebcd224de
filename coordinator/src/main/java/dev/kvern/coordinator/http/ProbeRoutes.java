package dev.kvern.coordinator.http;

import dev.kvern.coordinator.stats.CoordinatorMetrics;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.function.BooleanSupplier;

/**
 * What machines ask: {@code /metrics}, {@code /healthz} (the process lives) and {@code /readyz} (it takes calls, and knows
 * where to send them). Safe for use by several threads.
 */
public final class ProbeRoutes implements HttpRoutes {
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";
    private static final String TEXT = "text/plain; charset=utf-8";

    private final CoordinatorMetrics metrics;
    private final BooleanSupplier started;
    private volatile boolean stopping;

    /** @param started whether the process has heard who is there */
    public ProbeRoutes(CoordinatorMetrics metrics, BooleanSupplier started) {
        this.metrics = metrics;
        this.started = started;
    }

    @Override
    public void addTo(Router router) {
        router.get("/healthz").handler(context -> answer(context, 200, TEXT, "ok\n"));
        router.get("/readyz").handler(context -> {
            String state = stopping ? "stopping" : started.getAsBoolean() ? "ready" : "starting";
            answer(context, state.equals("ready") ? 200 : 503, TEXT, state + "\n");
        });
        router.get("/metrics")
                .blockingHandler(context -> answer(context, 200, PROMETHEUS_TEXT, metrics.scrape()), false);
    }

    private static void answer(RoutingContext context, int status, String type, String text) {
        context.response()
                .setStatusCode(status)
                .putHeader(HttpHeaders.CONTENT_TYPE, type)
                .end(text);
    }

    /** Says through {@code /readyz} that no new calls are wanted. */
    public void draining() {
        stopping = true;
    }
}
