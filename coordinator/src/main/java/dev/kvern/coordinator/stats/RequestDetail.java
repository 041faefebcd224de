package dev.kvern.coordinator.stats;

import dev.kvern.coordinator.routing.RouteDecision;
import java.util.List;

/**
 * What is remembered of a request beside its figures.
 *
 * @param routes where it was sent and why, the last attempts of it
 * @param device what the last runner computes on; empty if it does not say
 * @param prefillTokensPerSecond of that runner when the request was sent; 0 if not known
 * @param powerWatts of that runner's device then; 0 if not known
 * @param promptStart empty where prompts' texts are not to be kept
 */
public record RequestDetail(
        List<RouteDecision> routes,
        String device,
        double prefillTokensPerSecond,
        double powerWatts,
        String promptStart) {
    /** Nothing. */
    public static final RequestDetail NONE = new RequestDetail(List.of(), "", 0, 0, "");

    public RequestDetail {
        routes = List.copyOf(routes);
    }
}
