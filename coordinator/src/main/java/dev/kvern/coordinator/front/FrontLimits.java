package dev.kvern.coordinator.front;

/**
 * @param maxCalls Generate calls under way; further ones are refused
 * @param callBytes of the requests of those calls together; further ones are refused
 * @param attempts runners that a call is sent to before it fails
 * @param tokenizeTimeoutMillis how long a call waits to learn its prompt's blocks before it is routed without them
 */
public record FrontLimits(int maxCalls, long callBytes, int attempts, int tokenizeTimeoutMillis) {}
