package dev.kvern.coordinator.routing;

import java.util.OptionalLong;

/**
 * A candidate and what it would cost to choose it.
 *
 * @param cost in tokens to compute before the request's first one; empty under a policy that weighs nothing
 */
public record Weighed(Candidate candidate, OptionalLong cost) {}
