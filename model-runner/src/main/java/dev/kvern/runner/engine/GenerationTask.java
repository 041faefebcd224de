package dev.kvern.runner.engine;

import dev.kvern.rpc.KvernException;
import dev.kvern.telemetry.RequestId;
import io.grpc.Context;
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
 * @param priority higher goes first, {@link #MIN_PRIORITY} to {@link #MAX_PRIORITY}
 * @param context what is done for the request is done in: it has its name and its trace, and no end of its own
 */
public record GenerationTask(
        String requestId,
        int[] prompt,
        OptionalInt maxTokens,
        String salt,
        boolean readLocal,
        boolean readCluster,
        boolean write,
        OptionalLong deadlineNanos,
        int priority,
        Context context) {
    public static final int MIN_PRIORITY = -100;
    public static final int MAX_PRIORITY = 100;

    /** @throws KvernException INVALID_ARGUMENT if the priority is out of range */
    public GenerationTask {
        if (priority < MIN_PRIORITY || priority > MAX_PRIORITY) {
            throw KvernException.invalid("priority", priority, MIN_PRIORITY + " to " + MAX_PRIORITY);
        }
    }

    /** A task that is not part of a call. */
    public GenerationTask(
            String requestId,
            int[] prompt,
            OptionalInt maxTokens,
            String salt,
            boolean readLocal,
            boolean readCluster,
            boolean write,
            OptionalLong deadlineNanos,
            int priority) {
        this(
                requestId,
                prompt,
                maxTokens,
                salt,
                readLocal,
                readCluster,
                write,
                deadlineNanos,
                priority,
                RequestId.in(Context.ROOT, requestId));
    }

    /** A task of priority 0. */
    public GenerationTask(
            String requestId,
            int[] prompt,
            OptionalInt maxTokens,
            String salt,
            boolean readLocal,
            boolean readCluster,
            boolean write,
            OptionalLong deadlineNanos) {
        this(requestId, prompt, maxTokens, salt, readLocal, readCluster, write, deadlineNanos, 0);
    }
}
