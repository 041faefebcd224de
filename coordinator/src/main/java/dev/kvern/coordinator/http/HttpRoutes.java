package dev.kvern.coordinator.http;

import io.vertx.ext.web.Router;

/** Some of what the coordinator answers over HTTP. */
@FunctionalInterface
public interface HttpRoutes {
    /** Adds the routes. What they call on an event loop must not block. */
    void addTo(Router router);
}
