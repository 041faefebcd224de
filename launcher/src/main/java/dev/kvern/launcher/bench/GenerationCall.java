package dev.kvern.launcher.bench;

import com.google.protobuf.Descriptors.FieldDescriptor;
import dev.kvern.v1.GenerateRequest;
import dev.kvern.v1.GenerateResponse;
import dev.kvern.v1.Usage;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCallStreamObserver;
import io.grpc.stub.ClientResponseObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.jspecify.annotations.Nullable;

/** A Generate call under way, and when its tokens came. Safe for use by several threads; the times are guarded by this. */
final class GenerationCall implements ClientResponseObserver<GenerateRequest, GenerateResponse> {
    private final long begunAt = System.nanoTime();
    private final CompletableFuture<Usage> end = new CompletableFuture<>();
    private final List<Long> tokenTimes = new ArrayList<>();
    private @Nullable ClientCallStreamObserver<GenerateRequest> stream;

    @Override
    public void beforeStart(ClientCallStreamObserver<GenerateRequest> started) {
        stream = started;
    }

    @Override
    public synchronized void onNext(GenerateResponse response) {
        long now = System.nanoTime();
        for (int i = 0; i < response.getTokenIdsCount(); i++) {
            tokenTimes.add(now);
        }
        if (response.hasUsage()) {
            end.complete(response.getUsage());
        }
        notifyAll();
    }

    @Override
    public synchronized void onError(Throwable failure) {
        end.completeExceptionally(failure);
        notifyAll();
    }

    @Override
    public synchronized void onCompleted() {
        end.complete(Usage.getDefaultInstance());
        notifyAll();
    }

    /** Waits for the end. */
    void await() {
        try {
            end.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof StatusRuntimeException failure ? failure : e;
        }
    }

    /** Waits until so many tokens have come, or the call has ended. */
    synchronized void awaitTokens(int count) throws InterruptedException {
        while (tokenTimes.size() < count && !end.isDone()) {
            wait();
        }
    }

    /** Whether nothing more comes. */
    boolean ended() {
        return end.isDone();
    }

    /** Milliseconds from the request to its first token. */
    synchronized double ttftMillis() {
        return (tokenTimes.get(0) - begunAt) / 1e6;
    }

    /** Tokens a second between the first and the last that came within a time span; NaN if there were not two. */
    synchronized double tokensPerSecond(long fromNanos, long toNanos) {
        List<Long> within = tokenTimes.stream()
                .filter(at -> at - fromNanos >= 0 && at - toNanos <= 0)
                .toList();
        return within.size() < 2
                ? Double.NaN
                : (within.size() - 1) / ((within.get(within.size() - 1) - within.get(0)) / 1e9);
    }

    /** What the request took, once it has ended. */
    Usage usage() {
        return end.join();
    }

    /** Prompt tokens that came from the runner's host memory; 0 from a runner that has no such tier. */
    int hostTokens() {
        FieldDescriptor field = hostField();
        return field == null ? 0 : (Integer) usage().getField(field);
    }

    /** The usage's field for a tier that not every version of the contract has. */
    static @Nullable FieldDescriptor hostField() {
        return Usage.getDescriptor().findFieldByName("cached_host_tokens");
    }

    /** Ends the request. */
    void cancel() {
        if (stream != null) {
            stream.cancel("seen enough", null);
        }
    }
}
