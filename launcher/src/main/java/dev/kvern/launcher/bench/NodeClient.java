package dev.kvern.launcher.bench;

import dev.kvern.block.BlockKey;
import dev.kvern.launcher.process.ServiceProcess;
import dev.kvern.v1.BlockCounters;
import dev.kvern.v1.BlockStoreServiceGrpc;
import dev.kvern.v1.DeleteRequest;
import dev.kvern.v1.MatchRequest;
import dev.kvern.v1.StatsRequest;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The cache node: what is stored there. Safe for use by several threads. */
final class NodeClient implements AutoCloseable {
    private static final long LIMIT_SECONDS = 60;
    private static final long POLL_MILLIS = 4;
    private static final long QUIET_POLL_MILLIS = 200;

    private final ServiceProcess process;
    private final ManagedChannel channel;

    NodeClient(ServiceProcess process) {
        this.process = process;
        this.channel = NettyChannelBuilder.forTarget(ReuseCluster.address(process))
                .usePlaintext()
                .build();
    }

    /** Makes it take nothing in until {@link #resume}. */
    void pause() {
        process.pause();
    }

    void resume() {
        process.resume();
    }

    /**
     * Waits until a chain is stored.
     *
     * @return false if that does not come about
     */
    boolean awaitStored(List<BlockKey> keys) {
        return awaitStored(keys, POLL_MILLIS);
    }

    /** The same, asking so seldom that it is nothing to the machine. */
    boolean awaitStoredQuietly(List<BlockKey> keys) {
        return awaitStored(keys, QUIET_POLL_MILLIS);
    }

    private boolean awaitStored(List<BlockKey> keys, long pollMillis) {
        var request = MatchRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LIMIT_SECONDS);
        while (matched(request.build()) < keys.size()) {
            if (System.nanoTime() - deadline > 0) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(pollMillis));
        }
        return true;
    }

    /** A node that was just made to stand still, or is busy with what it missed meanwhile, may answer the next time. */
    private int matched(MatchRequest request) {
        try {
            return stub().match(request).getMatched();
        } catch (StatusRuntimeException e) {
            if (e.getStatus().getCode() == Status.Code.UNAVAILABLE) {
                return 0;
            }
            throw e;
        }
    }

    /** Payload bytes that it has sent and received since it started. */
    long movedBytes() {
        BlockCounters counters = stub().stats(StatsRequest.getDefaultInstance()).getCounters();
        return counters.getSentBytes() + counters.getReceivedBytes();
    }

    void delete(List<BlockKey> keys) {
        var request = DeleteRequest.newBuilder();
        keys.forEach(key -> request.addKeys(key.toByteString()));
        stub().delete(request.build());
    }

    private BlockStoreServiceGrpc.BlockStoreServiceBlockingStub stub() {
        return BlockStoreServiceGrpc.newBlockingStub(channel).withDeadlineAfter(LIMIT_SECONDS, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}
