package dev.kvern.coordinator.routing;

import dev.kvern.coordinator.membership.MemberStatus;

/**
 * Where a request goes.
 *
 * @param cachedTokens leading tokens of its prompt that the runner's pool holds, as far as is known
 */
public record Route(MemberStatus runner, long cachedTokens) {}
