package dev.kvern.coordinator.routing;

import dev.kvern.coordinator.membership.MemberStatus;

/**
 * Where a request goes.
 *
 * @param cachedTokens leading tokens of its prompt that the runner's pool holds, as far as is known
 * @param decision why
 */
public record Route(MemberStatus runner, long cachedTokens, RouteDecision decision) {
    /** To the runner that the caller named. */
    public static Route pinned(MemberStatus runner) {
        return new Route(runner, 0, RouteDecision.pinned(runner.id()));
    }
}
