package dev.kvern.coordinator.front;

/**
 * @param maxCalls Generate calls under way; further ones are refused
 * @param callBytes of the requests of those calls together; further ones are refused
 * @param attempts runners that a call is sent to before it fails
 * @param tokenizeTimeoutMillis how long a call waits to learn its prompt's blocks before it is routed without them
 * @param namedBlocks leading blocks of a prompt that its runner is to name to the coordinator; 0 for none
 * @param blockTexts whether it also tells the start of their text
 */
public record FrontLimits(
        int maxCalls, long callBytes, int attempts, int tokenizeTimeoutMillis, int namedBlocks, boolean blockTexts) {
    /** Limits without anything being told of prompts. */
    public FrontLimits(int maxCalls, long callBytes, int attempts, int tokenizeTimeoutMillis) {
        this(maxCalls, callBytes, attempts, tokenizeTimeoutMillis, 0, false);
    }
}
