package dev.kvern.coordinator.http;

import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.KvernException;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.net.SocketAddress;
import io.vertx.ext.web.Router;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The coordinator's HTTP server. Safe for use by several threads. */
public final class HttpServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(HttpServer.class);
    /** One server has one. */
    private static final int EVENT_LOOPS = 1;

    private static final int WORKERS = 4;

    /** Longer than clients wait for an answer that comes in one piece: OpenAI's give up after ten minutes. */
    private static final int IDLE_SECONDS = 660;

    private static final long LIMIT_SECONDS = 10;

    private final Vertx vertx;
    private final int port;
    private final OpenConnections connections;

    private HttpServer(Vertx vertx, int port, OpenConnections connections) {
        this.vertx = vertx;
        this.port = port;
        this.connections = connections;
    }

    /**
     * Binds and starts.
     *
     * @param port 0 for any
     * @param routes the first that has an answer gives it
     * @throws KvernException MISCONFIGURED if the port cannot be bound
     */
    public static HttpServer start(String host, int port, List<HttpRoutes> routes) {
        var options = new VertxOptions()
                .setEventLoopPoolSize(EVENT_LOOPS)
                .setWorkerPoolSize(WORKERS)
                .setInternalBlockingPoolSize(WORKERS)
                .setUseDaemonThread(true);
        Vertx vertx = Vertx.vertx(options);
        try {
            var connections = new OpenConnections();
            Router router = Router.router(vertx);
            router.route().handler(context -> {
                context.response().putHeader("X-Content-Type-Options", "nosniff");
                connections.answering(context);
                context.next();
            });
            routes.forEach(each -> each.addTo(router));
            io.vertx.core.http.HttpServer server = vertx.createHttpServer(new HttpServerOptions()
                            .setReadIdleTimeout(0)
                            .setIdleTimeout(IDLE_SECONDS)
                            .setCompressionSupported(true))
                    .connectionHandler(connections::opened)
                    .requestHandler(router);
            server.listen(address(host, port))
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            return new HttpServer(vertx, server.actualPort(), connections);
        } catch (ExecutionException | TimeoutException e) {
            close(vertx);
            throw new KvernException(
                    ErrorReason.MISCONFIGURED,
                    "listen.http_port: " + port + " on " + host + ": " + rootMessage(e)
                            + " (expected: an address of this machine and a free port)",
                    e);
        } catch (InterruptedException e) {
            close(vertx);
            Thread.currentThread().interrupt();
            throw new KvernException(ErrorReason.CANCELLED, "interrupted", e);
        } catch (RuntimeException e) {
            close(vertx);
            throw e;
        }
    }

    /** Resolved as in all of Java, not by Vert.x's own resolver. */
    private static SocketAddress address(String host, int port) throws ExecutionException {
        var address = new InetSocketAddress(host, port);
        if (address.isUnresolved()) {
            throw new ExecutionException(new UnknownHostException("no such host"));
        }
        return SocketAddress.inetSocketAddress(address);
    }

    private static String rootMessage(Throwable failure) {
        Throwable t = failure;
        while (t.getCause() != null) {
            t = t.getCause();
        }
        return t.getMessage() == null ? t.getClass().getSimpleName() : t.getMessage();
    }

    /** The port bound. */
    public int port() {
        return port;
    }

    /** Asks for a new connection with every answer from now on: the next request is to go to another coordinator. */
    public void lastAnswers() {
        connections.lastAnswers();
    }

    /** Ends all connections: idle ones at once, the others with what they answer now, which may take so long. */
    public void endConnections(long graceMillis) {
        connections.end(graceMillis);
    }

    @Override
    public void close() {
        close(vertx);
    }

    private static void close(Vertx vertx) {
        try {
            vertx.close().toCompletionStage().toCompletableFuture().get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            log.warn("the HTTP server did not close: {}", e.toString());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
