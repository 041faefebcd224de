package dev.kvern.coordinator.http;

import dev.kvern.telemetry.RequestId;
import dev.kvern.telemetry.Telemetry;
import dev.kvern.telemetry.TraceHeaders;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.context.Context;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * A span for each request under {@code /v1}, of the caller's trace if it names one. It takes the caller's place in the request's
 * {@code traceparent}, so that whatever passes that header on continues it. To be added before what answers. Immutable.
 */
public final class TraceRoutes implements HttpRoutes {
    private static final Set<String> ROUTES = Set.of("/v1/models", "/v1/completions", "/v1/chat/completions");
    private static final int FIRST_SERVER_ERROR = 500;

    private final Telemetry telemetry;

    public TraceRoutes(Telemetry telemetry) {
        this.telemetry = telemetry;
    }

    @Override
    public void addTo(Router router) {
        if (telemetry.on()) {
            router.route("/v1/*").handler(this::follow);
        }
    }

    /** What callers make up must not become names of spans. */
    private static String route(String path) {
        return ROUTES.contains(path) ? path : "/v1/*";
    }

    private void follow(RoutingContext routing) {
        HttpServerRequest request = routing.request();
        Map<String, String> headers = new TreeMap<>();
        request.headers().forEach((name, value) -> headers.put(name.toLowerCase(Locale.ROOT), value));
        Context caller = TraceHeaders.read(headers);
        Span span = telemetry.begin(request.method().name() + " " + route(request.path()), SpanKind.SERVER, caller);
        span.setAttribute("http.request.method", request.method().name());
        span.setAttribute("url.path", request.path());
        TraceHeaders.written(caller.with(span))
                .forEach((name, value) -> request.headers().set(name, value));
        routing.addEndHandler(done -> {
            int status = routing.response().getStatusCode();
            span.setAttribute("http.response.status_code", status);
            String id = routing.response().headers().get(RequestId.HEADER.name());
            if (id != null) {
                span.setAttribute("kvern.request_id", id);
            }
            if (status >= FIRST_SERVER_ERROR || done.failed()) {
                span.setStatus(StatusCode.ERROR);
            }
            span.end();
        });
        routing.next();
    }
}
