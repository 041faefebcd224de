package dev.kvern.node.admin;

import dev.kvern.block.BlockKey;
import dev.kvern.node.grpc.BlockHeaders;
import dev.kvern.rpc.ErrorReason;
import dev.kvern.rpc.Failures;
import dev.kvern.rpc.KvernException;
import dev.kvern.v1.CacheAdminServiceGrpc;
import dev.kvern.v1.DeleteBlocksRequest;
import dev.kvern.v1.DeleteBlocksResponse;
import dev.kvern.v1.DrainRequest;
import dev.kvern.v1.DrainResponse;
import dev.kvern.v1.LookupRequest;
import dev.kvern.v1.LookupResponse;
import dev.kvern.v1.RebalanceStatusRequest;
import dev.kvern.v1.RebalanceStatusResponse;
import io.grpc.Context;
import io.grpc.stub.StreamObserver;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** CacheAdminService over its parts: checks, and passes on, on threads of its own, as they wait. Safe for use by several threads. */
public final class CacheAdminGrpc extends CacheAdminServiceGrpc.CacheAdminServiceImplBase {
    private static final long MIN_DEADLINE_MILLIS = 100;
    private static final long MAX_DEADLINE_MILLIS = TimeUnit.DAYS.toMillis(1);
    private static final long DEFAULT_DEADLINE_MILLIS = 60_000;

    private final String nodeId;
    private final AdminParts parts;
    private final Executor executor;
    private final Runnable onDrained;

    /** The drain under way; guarded by this. */
    private @Nullable CompletableFuture<DrainResponse> draining;

    /**
     * @param executor bounded; refuses what is too much
     * @param onDrained ends the process, on another thread; called once the answer is on its way
     */
    public CacheAdminGrpc(String nodeId, AdminParts parts, Executor executor, Runnable onDrained) {
        this.nodeId = nodeId;
        this.parts = parts;
        this.executor = executor;
        this.onDrained = onDrained;
    }

    @Override
    public void lookup(LookupRequest request, StreamObserver<LookupResponse> responses) {
        List<BlockKey> keys = BlockHeaders.keys("keys", request.getKeysList(), BlockSelection.MAX_KEYS);
        answer(responses, async(() -> parts.places().of(keys)));
    }

    @Override
    public void deleteBlocks(DeleteBlocksRequest request, StreamObserver<DeleteBlocksResponse> responses) {
        // What cannot be is said here and not by each node.
        BlockSelection.of(request);
        Context call = Context.current();
        answer(responses, async(() -> parts.deletion().delete(request, call::isCancelled)));
    }

    @Override
    public void drain(DrainRequest request, StreamObserver<DrainResponse> responses) {
        long millis = request.hasDeadlineMillis() ? request.getDeadlineMillis() : DEFAULT_DEADLINE_MILLIS;
        if (millis < MIN_DEADLINE_MILLIS || millis > MAX_DEADLINE_MILLIS) {
            throw KvernException.invalid(
                    "deadline_millis",
                    Long.toUnsignedString(millis),
                    MIN_DEADLINE_MILLIS + " to " + MAX_DEADLINE_MILLIS);
        }
        answer(responses, drain(millis));
    }

    private synchronized CompletableFuture<DrainResponse> drain(long millis) {
        CompletableFuture<DrainResponse> running = draining;
        if (running == null || running.isDone()) {
            running = async(() ->
                    parts.drain().drain(millis).toBuilder().setNodeId(nodeId).build());
            draining = running;
            // Before anyone is answered, and it lets running calls end.
            running.thenAccept(response -> {
                if (response.getDrained()) {
                    onDrained.run();
                }
            });
        }
        return running;
    }

    @Override
    public void rebalanceStatus(RebalanceStatusRequest request, StreamObserver<RebalanceStatusResponse> responses) {
        answer(responses, async(() -> parts.rebalance().all()));
    }

    private <T> CompletableFuture<T> async(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, executor);
        } catch (RejectedExecutionException e) {
            return CompletableFuture.failedFuture(new KvernException(
                    ErrorReason.RESOURCE_EXHAUSTED, "admin calls: too many at a time (expected: try again later)", e));
        }
    }

    private static <T> void answer(StreamObserver<T> responses, CompletableFuture<T> result) {
        result.whenComplete((value, failure) -> {
            if (failure == null) {
                responses.onNext(value);
                responses.onCompleted();
            } else {
                responses.onError(Failures.unwrapped(failure));
            }
        });
    }
}
