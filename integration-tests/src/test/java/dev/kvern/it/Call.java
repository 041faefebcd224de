package dev.kvern.it;

import static org.assertj.core.api.Assertions.fail;

import dev.kvern.launcher.GenerationResult;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A Generate call under way. Safe for use by several threads. */
final class Call implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
    private static final long LIMIT_SECONDS = 60;

    private final GenerationResult result = new GenerationResult(System::nanoTime);
    private final CompletableFuture<String> firstToken = new CompletableFuture<>();
    private final CompletableFuture<GenerationResult> end = new CompletableFuture<>();
    private final CompletableFuture<ClientCallStreamObserver<GenerateRequest>> call = new CompletableFuture<>();

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
        call.complete(started);
    }

    @Override
    public void onNext(GenerateResponse response) {
        result.add(response);
        if (response.getTokenIdsCount() > 0) {
            firstToken.complete(result.runner());
        }
    }

    @Override
    public void onError(Throwable failure) {
        firstToken.completeExceptionally(failure);
        end.completeExceptionally(failure);
    }

    @Override
    public void onCompleted() {
        end.complete(result);
    }

    /** Waits for the first token; returns the runner that it came from. */
    String awaitFirstToken() {
        return await(firstToken);
    }

    /** Waits for the whole answer. */
    GenerationResult result() {
        return await(end);
    }

    /** Waits for the call's failure. */
    Status failure() {
        try {
            var unexpected = end.get(LIMIT_SECONDS, TimeUnit.SECONDS);
            return fail("succeeded with %d tokens from %s", unexpected.tokens().size(), unexpected.runner());
        } catch (ExecutionException e) {
            return Status.fromThrowable(e.getCause());
        } catch (InterruptedException | TimeoutException e) {
            return fail("no end of the call", e);
        }
    }

    boolean hasEnded() {
        return end.isDone();
    }

    void cancel() {
        await(call).cancel("cancelled by the test", null);
    }

    private static <T> T await(Future<T> future) {
        try {
            return future.get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof StatusRuntimeException failure) {
                throw failure;
            }
            return fail("no answer", e);
        } catch (InterruptedException | TimeoutException e) {
            return fail("no answer", e);
        }
    }
}
