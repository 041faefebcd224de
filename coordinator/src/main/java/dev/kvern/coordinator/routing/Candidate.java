package dev.kvern.coordinator.routing;

/**
 * A runner that could take a request.
 *
 * @param runner its id
 * @param cachedTokens leading tokens of the prompt that its pool holds
 * @param waitingTokens prompt tokens that it still has to compute for others
 * @param requests requests that it serves or that wait at it
 */
public record Candidate(String runner, long cachedTokens, long waitingTokens, int requests) {}
