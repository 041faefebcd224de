package dev.kvern.runner.engine;

import java.util.OptionalInt;
import java.util.OptionalLong;

/**
 * What is to be generated.
 *
 * @param requestId for logs
 * @param prompt token ids; not changed by anyone
 * @param maxTokens most tokens to generate; empty for what the context has room for
 * @param salt the tenant's cache salt; empty for the shared space
 * @param readLocal reuse blocks of the runner's own pool
 * @param readCluster fetch chunks from the tier
 * @param write keep this prompt's blocks for others
 * @param deadlineNanos on the engine's clock; empty for none
 */
public record GenerationTask(
        String requestId,
        int[] prompt,
        OptionalInt maxTokens,
        String salt,
        boolean readLocal,
        boolean readCluster,
        boolean write,
        OptionalLong deadlineNanos) {}
