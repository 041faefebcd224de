package dev.kvern.coordinator.http;

import dev.kvern.coordinator.stats.ClusterFigures;
import dev.kvern.coordinator.stats.CoordinatorMetrics;
import dev.kvern.coordinator.stats.RequestLog;
import dev.kvern.coordinator.stats.TokenHistory;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import io.javalin.Javalin;
import io.javalin.config.JavalinConfig;
import io.javalin.http.staticfiles.Location;
import java.util.LinkedHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The coordinator's HTTP face: the dashboard and its data, {@code /metrics}, {@code /healthz} (the process lives) and {@code
 * /readyz} (it takes calls). Safe for use by several threads.
 */
public final class HttpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
    private static final int INTERVAL_MILLIS = 1_000;
    private static final int HISTORY_POINTS = 900;
    private static final int MAX_THREADS = 16;
    private static final String PROMETHEUS_TEXT = "text/plain; version=0.0.4; charset=utf-8";

    private final TokenHistory history = new TokenHistory(HISTORY_POINTS);
    private final LiveFeed feed = new LiveFeed();
    private final ScheduledExecutorService ticks;
    private final ClusterFigures figures;
    private final CoordinatorMetrics metrics;
    private final StateJson json;
    private final LongSupplier epochMillis;
    private final Javalin app;
    private volatile boolean ready = true;

    private HttpServer(
            String host,
            int port,
            ClusterFigures figures,
            RequestLog requests,
            CoordinatorMetrics metrics,
            LongSupplier epochMillis,
            String version) {
        this.figures = figures;
        this.metrics = metrics;
        this.epochMillis = epochMillis;
        this.json = new StateJson(figures, requests, epochMillis, version);
        this.ticks = Executors.newSingleThreadScheduledExecutor(runnable -> {
            var thread = new Thread(runnable, "kvern-dashboard-tick");
            thread.setDaemon(true);
            return thread;
        });
        this.app = Javalin.create(config -> configure(config, host, port));
    }

    /**
     * Binds and starts.
     *
     * @throws KvernException MISCONFIGURED if the port cannot be bound
     */
    public static HttpServer start(
            String host,
            int port,
            ClusterFigures figures,
            RequestLog requests,
            CoordinatorMetrics metrics,
            LongSupplier epochMillis,
            String version) {
        var server = new HttpServer(host, port, figures, requests, metrics, epochMillis, version);
        try {
            server.app.start();
        } catch (RuntimeException e) {
            server.ticks.shutdownNow();
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "listen.http_port: " + port + " on " + host + ": " + rootMessage(e)
                            + " (expected: an address of this machine and a free port)",
                    e);
        }
        server.ticks.scheduleAtFixedRate(server::tick, INTERVAL_MILLIS, INTERVAL_MILLIS, TimeUnit.MILLISECONDS);
        return server;
    }

    /** Javalin calls every address that cannot be bound a port in use. */
    private static String rootMessage(Throwable failure) {
        Throwable t = failure;
        while (t.getCause() != null) {
            t = t.getCause();
        }
        return t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
    }

    private void configure(JavalinConfig config, String host, int port) {
        config.startup.showJavalinBanner = false;
        config.startup.showOldJavalinVersionWarning = false;
        config.jetty.host = host;
        config.jetty.port = port;
        config.jetty.threadPool = threads();
        config.staticFiles.add(files -> {
            files.hostedPath = "/";
            files.directory = "/dev/kvern/coordinator/web";
            files.location = Location.CLASSPATH;
        });
        config.routes.before(context -> {
            // The page needs nothing from elsewhere and says so.
            context.header("Content-Security-Policy", "default-src 'self'");
            context.header("X-Content-Type-Options", "nosniff");
            context.header("Referrer-Policy", "no-referrer");
        });
        config.routes.get(
                "/healthz", context -> context.contentType("text/plain").result("ok\n"));
        config.routes.get(
                "/readyz",
                context -> context.contentType("text/plain")
                        .status(ready ? 200 : 503)
                        .result(ready ? "ready\n" : "stopping\n"));
        config.routes.get(
                "/metrics", context -> context.contentType(PROMETHEUS_TEXT).result(metrics.scrape()));
        config.routes.get(
                "/api/state", context -> context.contentType("application/json").result(json.state()));
        config.routes.get(
                "/api/history",
                context -> context.contentType("application/json")
                        .result(json.history(INTERVAL_MILLIS, history.points())));
        config.routes.sse("/api/stream", feed::add);
    }

    private static QueuedThreadPool threads() {
        var threads = new QueuedThreadPool(MAX_THREADS, 4);
        threads.setName("kvern-http");
        threads.setDaemon(true);
        return threads;
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

    /** The port bound. */
    public int port() {
        return app.port();
    }

    /** Says through {@code /readyz} that no new calls are wanted. */
    public void draining() {
        ready = false;
    }

    @Override
    public void close() {
        ticks.shutdownNow();
        feed.close();
        app.stop();
    }
}
