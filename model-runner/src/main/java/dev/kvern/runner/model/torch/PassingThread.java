package dev.kvern.runner.model.torch;

import com.google.common.util.concurrent.Uninterruptibles;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/**
 * Runs arithmetic on a thread that ends with it. Each thread that runs PyTorch's parallel operators gets OpenMP workers of its own
 * for as long as it lives, and once there are more of them than processors they no longer spin while they wait for the next operator
 * but sleep: every one of a decoding step's hundreds of products then begins with a wake-up, a fifth of the step's time. So
 * whoever computes beside the thread that serves requests must leave no workers behind.
 */
public final class PassingThread {
    private PassingThread() {}

    /** Waits for the result, whether interrupted or not; throws what the supplier throws. */
    public static <T> T call(String name, Supplier<T> work) {
        var result = new CompletableFuture<T>();
        var thread = new Thread(
                () -> {
                    try {
                        result.complete(work.get());
                    } catch (RuntimeException | Error e) {
                        result.completeExceptionally(e);
                    }
                },
                name);
        thread.start();
        // Its result alone is not enough: its workers go when it ends.
        Uninterruptibles.joinUninterruptibly(thread);
        try {
            return result.join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw e.getCause() instanceof RuntimeException failure ? failure : e;
        }
    }
}
